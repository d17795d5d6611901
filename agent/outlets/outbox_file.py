"""The database of the outbox: its tables, and how it is opened. A second database in memory is always beside it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_BYTES = 256 * 2**20
"""Bytes of messages that may wait on a large disk. A reading takes about 700, so a day of one reading a second fits."""
MAX_DISK_SHARE = 0.1
"""Share of the file system that messages may take, 0..1."""
TABLES = """
CREATE TABLE IF NOT EXISTS {where}.messages (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS {where}.outlets (name TEXT PRIMARY KEY, confirmed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS {where}.notes (name TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS {where}.aside (outlet TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (outlet, number));
"""
DISK, MEMORY = "main", "memory"
"""Names by which SQLite knows the file, and the database in memory beside it."""


def open_file(path: Path, warn: Callable[[str], None]) -> sqlite3.Connection:
    """Open the file; a damaged one is moved aside, and a new one begun.

    Args:
        path: the file; its folder is made.
        warn: called if it is damaged.

    Raises:
        OSError: the folder cannot be made.
        sqlite3.Error: the file cannot be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Absolute, because SQLite gives the name ":memory:" a meaning of its own.
    name = str(path.absolute())
    try:
        return connect(name)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        damaged = path.with_name(f"{path.name}.damaged")
        path.replace(damaged)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        warn(f"the outbox {path} is damaged ({error}): it is kept as {damaged.name}, and a new one begins")
        return connect(name)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write everything in the `with` block, or nothing."""
    db.execute("BEGIN")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def disk_limit(path: Path) -> int:
    """Return how many bytes of messages a file may hold."""
    disk = os.statvfs(path.parent)
    return min(MAX_BYTES, int(MAX_DISK_SHARE * disk.f_frsize * disk.f_blocks))


def connect(name: str) -> sqlite3.Connection:
    """Open a database, with another one in memory beside it."""
    db = sqlite3.connect(name, timeout=0.2, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # of two agents with one file the second one waits in memory
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # a power cut loses what the kernel has not written yet
        db.execute("PRAGMA journal_size_limit = 1048576")
        db.execute(f"ATTACH ':memory:' AS {MEMORY}")
        for where in (DISK, MEMORY):
            db.executescript(TABLES.format(where=where))
        _check(db)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("its pages do not fit together")
