"""Brings a database to the schema of this version: a new one, or one that an older version wrote."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from agent.telemetry.schema import TABLES, VERSION, read_version
from profiles.errors import OutputError

FROM_1 = """
ALTER TABLE runs RENAME TO runs_1;
ALTER TABLE readings RENAME TO readings_1;
DROP TABLE latency; -- a frame's, without its time
DROP TABLE vitals;
{tables}
INSERT INTO runs (id, key, boot, at_ms, steady_ms, offset_ms, after_ms, ended, source, board, power_sensor,
        frames, dropped, readings, digits)
    SELECT id, randomblob(16), 'unknown ' || id, {began}, 0, {began},
        CASE WHEN ended_at IS NULL THEN 0 ELSE {ended} - {began} END, ended_at IS NOT NULL, source, board, power_sensor,
        frames, dropped, readings, digits
    FROM runs_1;
INSERT INTO choices (run, at_ms, after_ms, artifact, runtime, reason)
    SELECT id, {began}, 0, artifact, runtime, reason FROM runs_1;
INSERT INTO readings (run, at_ms, after_ms, frame, source, text, sure_permille, x, y, w, h)
    SELECT run, {at}, {at} - runs.at_ms, frame, readings_1.source, text, round(confidence * 1000), x, y, w, h
    FROM readings_1 JOIN runs ON runs.id = run ORDER BY readings_1.rowid;
INSERT INTO faults (run, at_ms, after_ms, text)
    SELECT run, {at}, {at} - runs.at_ms, text FROM events JOIN runs ON runs.id = run ORDER BY events.rowid;
DROP TABLE runs_1;
DROP TABLE readings_1;
DROP TABLE events;
"""
"""Readings, runs and events are kept; of a run that schema 1 wrote, only the clock on the wall is known."""


def check(connection: sqlite3.Connection, path: Path) -> int:
    """The version of a database that is ours; 0 where there is nothing in it yet.

    Raises:
        OutputError: a newer version's, or another program's.
        sqlite3.Error: it is damaged.
    """
    # The tables before the version: both come in one transaction, and another agent may be making them right now.
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    version = read_version(connection)
    if version == 0 and tables:
        raise OutputError(f"{path} is another program's database; choose another --log")
    if version > VERSION:
        raise OutputError(
            f"{path} was written by a newer version (schema {version}, this one writes {VERSION}); "
            "update digit-agent, or choose another --log"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring them along, in one transaction; two agents may do so at once.

    Args:
        connection: without an open transaction.
        path: its file, for messages.

    Raises:
        OutputError: a newer version's, or another program's.
        sqlite3.Error: it is damaged, or cannot be written.
    """
    if check(connection, path) == VERSION:
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = check(connection, path)  # another agent may have been faster
        if version < VERSION:
            _execute_all(connection, TABLES if version == 0 else _from_1())
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _from_1() -> str:
    since_1970 = "CAST(round((julianday({}) - 2440587.5) * 86400000) AS INTEGER)"
    return FROM_1.format(
        tables=TABLES,
        at=since_1970.format("at"),
        began=since_1970.format("started_at"),
        ended=since_1970.format("ended_at"),
    )


def _execute_all(connection: sqlite3.Connection, statements: str) -> None:
    """`executescript` would commit first."""
    statement = ""
    for line in statements.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
