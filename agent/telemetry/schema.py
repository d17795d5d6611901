"""The database's tables, and where it lies."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from agent.paths import home

VERSION = 2
FILE_NAME = "agent.db"

TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE,
    boot TEXT NOT NULL,             -- the start of the machine that steady_ms counts from
    at_ms INTEGER NOT NULL,         -- begun, by the clock on the wall, since 1970, UTC
    steady_ms INTEGER NOT NULL,     -- begun, by the clock that never jumps
    offset_ms INTEGER NOT NULL,     -- the wall's clock less the steady one, when the run was written last
    after_ms INTEGER NOT NULL DEFAULT 0, -- written last so long after it began
    ended INTEGER NOT NULL DEFAULT 0, -- 0: still running, or cut off
    source TEXT NOT NULL, board TEXT NOT NULL,
    power_sensor TEXT,              -- NULL: this machine has none
    frame_source TEXT,              -- that of the first frame with a reading
    frames INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    readings INTEGER NOT NULL DEFAULT 0, digits INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0 -- rows that never reached the log
);
CREATE INDEX runs_by_boot ON runs (boot);
CREATE TABLE readings ( -- announced ones
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,         -- as the clock on the wall had it then
    after_ms INTEGER NOT NULL,      -- since the run began, by the clock that never jumps
    frame INTEGER NOT NULL,
    source TEXT,                    -- NULL: the run's frame_source
    text TEXT NOT NULL, sure_permille INTEGER NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL
);
CREATE TABLE faults (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE TABLE choices ( -- which artifact ran from then on
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL,
    artifact TEXT NOT NULL, runtime TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE minutes ( -- figures are a Span in MessagePack
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL,
    figures BLOB NOT NULL
);
CREATE TABLE hours (hour INTEGER PRIMARY KEY, figures BLOB NOT NULL); -- hours since 1970, of minutes that are gone
CREATE VIEW begun AS -- when a run began by the clock as it was set last in that boot
    SELECT id AS run, steady_ms + (
        SELECT offset_ms FROM runs AS last WHERE last.boot = runs.boot ORDER BY last.id DESC LIMIT 1
    ) AS at_ms FROM runs;
"""


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the log lies: systemd's state folder of the service, else the user's.

    Source: systemd.exec(5) on STATE_DIRECTORY, and the XDG base directory specification.
    """
    if folders := environment.get("STATE_DIRECTORY"):
        return Path(folders.partition(":")[0]) / FILE_NAME
    state = environment.get("XDG_STATE_HOME", "")
    return (Path(state) if state.startswith("/") else home() / ".local/state") / "digit-agent" / FILE_NAME


def read_version(connection: sqlite3.Connection) -> int:
    """The schema's version; 0 is an empty database, or another program's."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
