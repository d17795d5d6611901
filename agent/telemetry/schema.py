"""Tables of the database, and the version of their schema."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from profiles.errors import OutputError

SCHEMA_VERSION = 2
"""Value of `PRAGMA user_version`; version 1 was never released."""

TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE,
    boot TEXT NOT NULL,             -- name of the machine's start from which steady_ms counts
    at_ms INTEGER NOT NULL,         -- start of the run on the wall clock, since 1970, UTC
    steady_ms INTEGER NOT NULL,     -- start of the run on the steady clock
    offset_ms INTEGER NOT NULL,     -- wall clock minus steady clock at the last write
    after_ms INTEGER NOT NULL DEFAULT 0, -- time from the start to the last write
    ended INTEGER NOT NULL DEFAULT 0, -- 0: still running, or interrupted
    source TEXT NOT NULL, board TEXT NOT NULL,
    power_sensor TEXT,              -- NULL: this machine has none
    frame_source TEXT,              -- source of the first frame with a reading
    frames INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    readings INTEGER NOT NULL DEFAULT 0, digits INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0 -- rows that never reached the log
);
CREATE INDEX runs_by_boot ON runs (boot);
CREATE TABLE readings ( -- announced readings
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,         -- wall clock at that time
    after_ms INTEGER NOT NULL,      -- time since the start of the run, on the steady clock
    frame INTEGER NOT NULL,
    source TEXT,                    -- NULL: the run's frame_source
    text TEXT NOT NULL, sure_permille INTEGER NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL
);
CREATE TABLE faults (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE TABLE choices ( -- artifact in use from that time on
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL,
    artifact TEXT NOT NULL, runtime TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE minutes ( -- figures are a Rollup in MessagePack
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL,
    figures BLOB NOT NULL
);
CREATE TABLE hours (hour INTEGER PRIMARY KEY, figures BLOB NOT NULL); -- hours since 1970, sums of deleted minutes
CREATE VIEW begun AS -- start of each run, by the wall clock as it was set last in that boot
    SELECT id AS run, steady_ms + (
        SELECT offset_ms FROM runs AS last WHERE last.boot = runs.boot ORDER BY last.id DESC LIMIT 1
    ) AS at_ms FROM runs;
"""
ADDED = """
CREATE TABLE IF NOT EXISTS records ( -- sheets of forms
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL,
    frame INTEGER NOT NULL, source TEXT NOT NULL, form TEXT NOT NULL,
    fields TEXT NOT NULL            -- JSON, a list of `LoggedField`
);
CREATE TABLE IF NOT EXISTS pictures ( -- cut-outs of readings
    reading INTEGER PRIMARY KEY, sure INTEGER NOT NULL, jpeg BLOB NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL, -- the reading in the cut-out
    bytes INTEGER NOT NULL          -- space of the row in the file, about
);
CREATE INDEX IF NOT EXISTS pictures_by_size ON pictures (sure, reading, bytes);
CREATE TABLE IF NOT EXISTS corrections ( -- what a person says that a reading should be
    id INTEGER PRIMARY KEY AUTOINCREMENT, reading INTEGER NOT NULL UNIQUE, at_ms INTEGER NOT NULL,
    verdict TEXT NOT NULL, text TEXT NOT NULL,
    origin TEXT NOT NULL            -- why somebody looked at the reading
);
"""
"""Tables that are added to a log without them. The version stays, so that an older agent can use the log as well."""
ADDED_NAMES = ("records", "pictures", "pictures_by_size", "corrections", "sqlite_sequence")
"""What an older log lacks; SQLite makes the last one by itself for AUTOINCREMENT."""


def read_version(connection: sqlite3.Connection) -> int:
    """Return the version of the schema; 0 if the database is empty or belongs to another program."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """Check that a database can be written, and return the version of its schema; 0 if it is empty.

    Raises:
        OutputError: its schema is of another version, or it belongs to another program.
        sqlite3.Error: it is damaged.
    """
    # Count the tables first. In the other order, a database that another agent creates between the two queries would
    # look like the database of another program.
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    version = read_version(connection)
    if version == 0 and tables:
        raise OutputError(f"{path} belongs to another program", advice="choose another --log")
    if version > SCHEMA_VERSION:
        raise OutputError(
            f"{path} was written by a newer version (schema {version}, this one writes {SCHEMA_VERSION})",
            advice="update digit-agent, or choose another --log",
        )
    if 0 < version < SCHEMA_VERSION:
        raise OutputError(
            f"{path} has schema {version}, but this version writes schema {SCHEMA_VERSION}",
            advice="move the file away, or choose another --log",
        )
    return version


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the database has all tables of a log, and no trigger.

    Another program's tables would fail in the middle of a write. A changed view or a trigger would run with every read
    or write, for any time.
    """
    found = _objects(connection)
    has_all = all(found.get(name, sql if name in ADDED_NAMES else None) == sql for name, sql in _our_objects().items())
    return has_all and not any(sql.startswith("CREATETRIGGER") for sql in found.values())


def add_missing_tables(connection: sqlite3.Connection) -> None:
    """Add empty tables that an older log lacks to the memory of a connection, so that every log is read alike."""
    found = _objects(connection)
    connection.execute("PRAGMA temp_store = MEMORY")
    for name, statement in _added_tables().items():
        if name not in found:
            connection.execute(statement)


@cache
def _added_tables() -> dict[str, str]:
    statements = re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)(.*?\);)", ADDED, re.DOTALL)
    return {name: f"CREATE TEMP TABLE {name}{columns}" for name, columns in statements}


@cache
def _our_objects() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES + ADDED)
        return _objects(connection)


def _objects(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the SQL of each table, index, view and trigger by name, without comments and spaces."""
    rows = connection.execute("SELECT CAST(name AS TEXT), CAST(sql AS TEXT) FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: re.sub(r"--.*|\s", "", sql) for name, sql in rows}


def create_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables in an empty database, in one transaction; two agents may do so at once.

    Args:
        connection: connection without an open transaction.
        path: file of the database, for messages.

    Raises:
        OutputError: the database has another version's schema, or belongs to another program.
        sqlite3.Error: it is damaged, or cannot be written.
    """
    if check_version(connection, path) == SCHEMA_VERSION:
        if not is_ours(connection):
            raise OutputError(
                f"{path} has other tables than a log", advice="move the file away, or choose another --log"
            )
        _execute_all(connection, ADDED)
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if check_version(connection, path) == 0:  # another agent may have been faster
            _execute_all(connection, TABLES + ADDED)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _execute_all(connection: sqlite3.Connection, statements: str) -> None:
    """Execute statements within the open transaction. `executescript` would commit the transaction first."""
    statement = ""
    for line in statements.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
