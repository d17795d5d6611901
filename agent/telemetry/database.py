"""Opening the database, and moving it aside if it is damaged."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path

from agent.telemetry.schema import (
    SCHEMA_VERSION,
    add_missing_tables,
    check_version,
    create_tables,
    is_ours,
    read_version,
)
from profiles.errors import OutputError, SourceError
from profiles.regular_file import open_regular_file, require_regular

PAGE_BYTES = 1024
"""Size of a database page. A batch touches a few pages, each of which is written completely, so small pages write less.

Half an hour of `benchmarks.log` wrote 5.6 MB with 1024, 6.9 MB with 2048 and 7.4 MB with 4096.
"""
LOCK_TIMEOUT_S = 5.0
"""Longest wait for another process that writes, in seconds. It is Python's default."""
MAGIC = b"SQLite format 3\0"
"""First bytes of every database that is not empty (sqlite.org/fileformat.html)."""
ERASED = (bytes(len(MAGIC)), b"\xff" * len(MAGIC))
"""First bytes of a database after an SD card has lost the first block."""
MAX_REASON_CHARACTERS = 200
"""Characters of an error of SQLite that are kept; a damaged schema is quoted whole in it."""
DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""Errors of a damaged database, and others of SQLite. Its message may quote bytes that are not text."""
SUFFIXES = ("", "-wal", "-shm")
"""Suffixes of the files of a database in WAL mode."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the database, and create it if it is missing.

    Raises:
        OutputError: the file has another version's schema, belongs to another program, or is not a database.
        OSError: its folder cannot be made.
        sqlite3.Error: it cannot be opened, or is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    require_regular_files(path)
    # Absolute, because SQLite gives the name ":memory:" a meaning of its own.
    connection = sqlite3.connect(path.absolute(), timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        check_version(connection, path)
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        with suppress(sqlite3.OperationalError):  # locked: another agent that starts now does the same for both
            connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode, NORMAL never damages the file; a power cut loses what the kernel has not written yet.
        connection.execute("PRAGMA synchronous = NORMAL")
        create_tables(connection, path)
    except (*DAMAGE, OutputError) as error:
        connection.close()
        if not isinstance(error, OutputError | sqlite3.OperationalError) and is_other_file(path):
            raise OutputError(f"{path} is not a database", advice="choose another --log") from error
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the database without changing it.

    Raises:
        SourceError: the file has another version's schema, or belongs to another program.
        sqlite3.Error: it is missing or damaged.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    if not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists():
        uri += "&immutable=1"  # nobody writes, and SQLite cannot make the files that its readers share
    connection = sqlite3.connect(uri, uri=True, timeout=LOCK_TIMEOUT_S)
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        version = read_version(connection)
        if version != SCHEMA_VERSION:
            raise _wrong_version(path, version)
        if not is_ours(connection):
            raise _other_tables(path)
        add_missing_tables(connection)
    except (*DAMAGE, SourceError):
        connection.close()
        raise
    return connection


def require_regular_files(path: Path) -> None:
    """Check that each file of the database that exists is a regular file. SQLite would wait for a named pipe.

    It does not open them: closing a file releases all locks of the process on it (fcntl(2)), also those of SQLite.

    Raises:
        OSError: one of them is not, or may not be looked at.
    """
    for part in (*all_files(path), path.with_name(f"{path.name}-journal")):
        with suppress(FileNotFoundError):
            require_regular(part.stat(), part)
            if not os.access(part, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(part))


def is_damaged(path: Path) -> bool:
    """Whether a readable file is not a database, or its pages are inconsistent.

    Raises:
        sqlite3.OperationalError: it cannot be read.
    """
    connection = sqlite3.connect(path.absolute(), timeout=LOCK_TIMEOUT_S)
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except DAMAGE as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        return True
    finally:
        connection.close()


def move_aside(path: Path) -> Path:
    """Move a damaged database to another name. A database that was moved earlier is replaced.

    Returns:
        New path of the database.

    Raises:
        OSError: the database cannot be moved.
    """
    aside = path.with_name(f"{path.name}.damaged")
    for source, target in zip(all_files(path), all_files(aside), strict=True):
        target.unlink(missing_ok=True)
        if source.exists():
            source.rename(target)
    return aside


def reason_of(error: Exception) -> str:
    """Return why the database could not be used, on one line."""
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return " ".join(text.split())[:MAX_REASON_CHARACTERS]


def all_files(path: Path) -> tuple[Path, ...]:
    """Return the paths of a database's files, whether they exist or not."""
    return tuple(path.with_name(path.name + suffix) for suffix in SUFFIXES)


def is_other_file(path: Path) -> bool:
    """Whether a file has never been a database, such as a text that was named by mistake.

    Call it only for a file that SQLite refuses: see `require_regular_files`.
    """
    with open_regular_file(path) as file:
        start = file.read(len(MAGIC))
    return bool(start) and start != MAGIC and start not in ERASED


def _other_tables(path: Path) -> SourceError:
    return SourceError(f"{path} has other tables than a log", advice="name another file with --log")


def _wrong_version(path: Path, version: int) -> SourceError:
    if version == 0:
        return SourceError(
            f"{path} is empty, or belongs to another program",
            advice="'digit-agent run' writes a log, or name another file with --log",
        )
    if version > SCHEMA_VERSION:
        return SourceError(
            f"{path} was written by a newer version (schema {version}, this one reads {SCHEMA_VERSION})",
            advice="update digit-agent",
        )
    return SourceError(
        f"{path} has schema {version}, but this version reads schema {SCHEMA_VERSION}", advice="move the file away"
    )
