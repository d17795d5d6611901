"""How the database is opened, and moved aside where it is damaged."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from agent.telemetry.migrate import check, migrate
from agent.telemetry.schema import VERSION, read_version
from profiles.errors import OutputError, SourceError

PAGE_BYTES = 1024
"""A batch touches a few pages, each of which is written whole, so small ones write less: half an hour of
`benchmarks.log` came to 5.6 MB with 1024, 6.9 MB with 2048, 7.4 MB with 4096."""
PATIENCE_S = 5.0
"""How long to wait for another process that writes."""
MAGIC = b"SQLite format 3\0"
"""How every database begins (sqlite.org/fileformat.html), but for an empty one."""
ERASED = (bytes(len(MAGIC)), b"\xff" * len(MAGIC))
"""How one may begin after a card has lost its first block."""
PARTS = ("", "-wal", "-shm")
"""A database in WAL mode, and what SQLite keeps beside it."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the database; make it where it is missing, and bring it along where it is older.

    Raises:
        OutputError: a newer version's, another program's, or no database at all.
        OSError: its folder cannot be made.
        sqlite3.Error: it cannot be opened, or is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and _is_somebody_elses(path):
        raise OutputError(f"{path} is no database; choose another --log")
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
    try:
        check(connection, path)
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        with suppress(sqlite3.OperationalError):  # locked: another agent, which starts too, does the same for both
            connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode, NORMAL never damages the file; a power cut loses what the kernel had not yet written.
        connection.execute("PRAGMA synchronous = NORMAL")
        migrate(connection, path)
    except (sqlite3.Error, OutputError):
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the database, and change nothing.

    Raises:
        SourceError: another version's, or another program's.
        sqlite3.Error: it is missing or damaged.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    if not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists():
        uri += "&immutable=1"  # nobody writes, and there is no place for what readers share
    connection = sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)
    try:
        version = read_version(connection)
    except sqlite3.Error:
        connection.close()
        raise
    if version != VERSION:
        connection.close()
        raise SourceError(f"{path} {_of_version(version)}")
    return connection


def is_damaged(path: Path) -> bool:
    """Whether a database that can be read is none, or its pages do not fit together.

    Raises:
        sqlite3.OperationalError: it cannot be read.
    """
    connection = sqlite3.connect(path, timeout=PATIENCE_S)
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        return True
    finally:
        connection.close()


def move_aside(path: Path) -> Path:
    """Move a damaged database, in the place of one that was moved before: at most one takes room.

    Returns:
        Where it lies now.

    Raises:
        OSError: it cannot be moved.
    """
    aside = path.with_name(f"{path.name}.damaged")
    for part, place in zip(all_files(path), all_files(aside), strict=True):
        place.unlink(missing_ok=True)
        if part.exists():
            part.rename(place)
    return aside


def all_files(path: Path) -> tuple[Path, ...]:
    """The files of a database, there or not."""
    return tuple(path.with_name(path.name + suffix) for suffix in PARTS)


def _is_somebody_elses(path: Path) -> bool:
    """Whether a file never was a database: a text, say, that was named by mistake."""
    with path.open("rb") as file:
        begins = file.read(len(MAGIC))
    return bool(begins) and begins != MAGIC and begins not in ERASED


def _of_version(version: int) -> str:
    if 0 < version < VERSION:
        return "was written by an older version; the next 'digit-agent run' brings it along"
    if version == 0:
        return "is empty, or another program's; 'digit-agent run' writes a log, and --log names another"
    return f"was written by a newer version (schema {version}, this one reads {VERSION}); update digit-agent"
