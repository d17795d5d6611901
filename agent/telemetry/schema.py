"""The database's tables, where it lies, and how it is opened."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from agent.folders import home

VERSION = 1
FILE_NAME = "agent.db"

TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,       -- UTC, ISO 8601
    source TEXT NOT NULL, board TEXT NOT NULL, artifact TEXT NOT NULL, runtime TEXT NOT NULL, reason TEXT NOT NULL,
    power_sensor TEXT,              -- NULL: this machine has none
    ended_at TEXT,                  -- NULL: still running, or cut off
    frames INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    readings INTEGER NOT NULL DEFAULT 0, digits INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS readings ( -- announced ones
    run INTEGER NOT NULL, at TEXT NOT NULL, monotonic_ns INTEGER NOT NULL, frame INTEGER NOT NULL,
    source TEXT NOT NULL, text TEXT NOT NULL, confidence REAL NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS latency (
    run INTEGER NOT NULL, frame INTEGER NOT NULL, stage TEXT NOT NULL, ms REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS vitals ( -- NULL: could not be measured
    run INTEGER NOT NULL, at TEXT NOT NULL, monotonic_ns INTEGER NOT NULL,
    power_mw REAL, temperature_c REAL, throttling TEXT
);
CREATE TABLE IF NOT EXISTS events (run INTEGER NOT NULL, at TEXT NOT NULL, text TEXT NOT NULL);
"""


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the log lies: systemd's state folder of the service, else the user's.

    Source: systemd.exec(5) on STATE_DIRECTORY, and the XDG base directory specification.
    """
    if folders := environment.get("STATE_DIRECTORY"):
        return Path(folders.partition(":")[0]) / FILE_NAME
    state = environment.get("XDG_STATE_HOME", "")
    return (Path(state) if state.startswith("/") else home() / ".local/state") / "digit-agent" / FILE_NAME


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the database, and make it where it is missing.

    Raises:
        OSError: its folder cannot be made.
        sqlite3.Error: it cannot be opened, is damaged, of another version, or another program's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    try:
        # The tables before the version: another agent, which starts at the same time, makes both at once.
        empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        version = _version(connection)
        if version == 0 and not empty:
            raise sqlite3.DatabaseError("it is another program's database")
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"it is of schema {version}, this version writes {VERSION}")
        with suppress(sqlite3.OperationalError):  # locked: the other agent does the same, for both
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 1048576")
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE;{TABLES}PRAGMA user_version = {VERSION};COMMIT;")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the database, and change nothing.

    Raises:
        sqlite3.Error: it is missing, damaged, or of another version.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
    try:
        if _version(connection) != VERSION:
            raise sqlite3.DatabaseError(f"it is of schema {_version(connection)}, this version reads {VERSION}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
