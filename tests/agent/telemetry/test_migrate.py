from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.events import FrameEvent
from agent.telemetry.database import open_for_writing
from agent.telemetry.report import report
from agent.telemetry.schema import VERSION
from profiles.errors import SourceError

SCHEMA_1 = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started_at TEXT NOT NULL,
    source TEXT NOT NULL, board TEXT NOT NULL, artifact TEXT NOT NULL, runtime TEXT NOT NULL, reason TEXT NOT NULL,
    power_sensor TEXT, ended_at TEXT, frames INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    readings INTEGER NOT NULL DEFAULT 0, digits INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE readings (
    run INTEGER NOT NULL, at TEXT NOT NULL, monotonic_ns INTEGER NOT NULL, frame INTEGER NOT NULL,
    source TEXT NOT NULL, text TEXT NOT NULL, confidence REAL NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL
);
CREATE TABLE latency (run INTEGER NOT NULL, frame INTEGER NOT NULL, stage TEXT NOT NULL, ms REAL NOT NULL);
CREATE TABLE vitals (
    run INTEGER NOT NULL, at TEXT NOT NULL, monotonic_ns INTEGER NOT NULL,
    power_mw REAL, temperature_c REAL, throttling TEXT
);
CREATE TABLE events (run INTEGER NOT NULL, at TEXT NOT NULL, text TEXT NOT NULL);
INSERT INTO runs VALUES (3, '2026-11-20T08:00:00.250+00:00', 'camera 0', 'pi4', 'a.tflite', 'litert', 'fastest of 2',
    'PMIC rails', '2026-11-20T09:30:00.750+00:00', 5000, 7, 2, 6);
INSERT INTO runs VALUES (4, '2026-11-21T08:00:00.000+00:00', 'camera 0', 'pi4', 'b.onnx', 'onnxruntime', 'all there is',
    NULL, NULL, 10, 0, 0, 0);
INSERT INTO readings VALUES (3, '2026-11-20T08:00:10.500+00:00', 1, 99, '/dev/video0', '561', 0.987, 1, 2, 3, 4);
INSERT INTO readings VALUES (3, '2026-11-20T09:29:59.000+00:00', 2, 4999, '/dev/video0', '247', 0.5, 5, 6, 7, 8);
INSERT INTO latency VALUES (3, 99, 'total', 12.5);
INSERT INTO vitals VALUES (3, '2026-11-20T08:00:11.000+00:00', 1, 2500.0, 50.0, '');
INSERT INTO events VALUES (4, '2026-11-21T08:00:01.000+00:00', 'camera 0 has given no frame for 10 s');
PRAGMA user_version = 1;
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A log as the first version wrote it."""
    path = tmp_path / "agent.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA_1)
    return path


def test_runs_readings_and_faults_of_an_older_log_are_kept(
    old: Path, journal: Callable[..., Any], make_tick: Callable[..., FrameEvent]
) -> None:
    log = journal(old)
    log.book.take(make_tick(0, "90"))
    log.close()
    assert log.said == []

    told = report(old)
    new, cut_off, ended = told.runs
    assert (new.id, new.ended, cut_off.ended, cut_off.seconds) == (5, True, False, 0.0)
    assert (ended.id, ended.started_at, ended.seconds) == (3, "2026-11-20T08:00:00.250+00:00", 5400.5)
    assert (ended.source, ended.board, ended.artifact, ended.reason) == ("camera 0", "pi4", "a.tflite", "fastest of 2")
    assert (ended.frames, ended.dropped, ended.readings, ended.digits) == (5000, 7, 2, 6)
    assert [(reading.text, reading.at) for reading in told.readings[1:]] == [
        ("247", "2026-11-20T09:29:59.000+00:00"),
        ("561", "2026-11-20T08:00:10.500+00:00"),
    ]
    assert (told.readings[2].source, told.readings[2].confidence, told.readings[2].w) == ("/dev/video0", 0.987, 3)
    assert [(fault.run, fault.at[:19]) for fault in told.faults] == [(4, "2026-11-21T08:00:01")]


def test_an_older_log_is_not_changed_by_looking_at_it(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(SourceError, match="an older version; the next 'digit-agent run' brings it along"):
        report(old)
    assert old.read_bytes() == before


def test_a_log_that_cannot_be_brought_along_stays_as_it_is(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DROP TABLE events")
    with pytest.raises(sqlite3.OperationalError, match="events"):
        open_for_writing(old)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM latency").fetchone() == (1,)


def test_what_was_brought_along_has_the_tables_of_a_new_log(old: Path, tmp_path: Path) -> None:
    def tables(path: Path) -> set[tuple[str, str]]:
        with closing(open_for_writing(path)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
            return set(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))

    assert tables(old) == tables(tmp_path / "new.db")
