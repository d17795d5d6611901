"""Reads the log back: recent runs and readings, and the latest run's latency and power."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from agent.telemetry.schema import open_for_reading
from profiles.errors import SourceError


@dataclass(frozen=True)
class Run:
    """One run of the agent."""

    id: int
    started_at: str
    ended_at: str | None
    """None: it still runs, or was cut off."""
    source: str
    board: str
    artifact: str
    runtime: str
    reason: str
    power_sensor: str | None
    frames: int
    dropped: int
    readings: int
    digits: int


@dataclass(frozen=True)
class LoggedReading:
    """A reading that was announced."""

    at: str
    run: int
    source: str
    text: str
    confidence: float
    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class StageLatency:
    """One stage's latency in a run; percentiles are nearest ranks."""

    stage: str
    frames: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True)
class VitalsRange:
    """Samples of power and temperature of a run; None was not measured."""

    samples: int
    mean_mw: float | None
    max_mw: float | None
    max_c: float | None
    throttled_samples: int


@dataclass(frozen=True)
class Event:
    """Something worth knowing that happened."""

    at: str
    run: int
    text: str


@dataclass(frozen=True)
class Report:
    """What the log tells; `latency` and `vitals` are the latest run's."""

    runs: tuple[Run, ...]
    """Newest first, as `readings` and `events` are."""
    readings: tuple[LoggedReading, ...]
    events: tuple[Event, ...]
    latency: tuple[StageLatency, ...]
    vitals: VitalsRange


RUNS = """SELECT id, started_at, ended_at, source, board, artifact, runtime, reason, power_sensor,
    frames, dropped, readings, digits FROM runs ORDER BY id DESC LIMIT ?"""
READINGS = "SELECT at, run, source, text, confidence, x, y, w, h FROM readings ORDER BY rowid DESC LIMIT ?"
EVENTS = "SELECT at, run, text FROM events ORDER BY rowid DESC LIMIT ?"
LATENCY = """
WITH ranked AS (
    SELECT rowid AS row, stage, ms, row_number() OVER (PARTITION BY stage ORDER BY ms) AS rank,
        count(*) OVER (PARTITION BY stage) AS n
    FROM latency WHERE run = ?
)
SELECT stage, n,
    max(ms) FILTER (WHERE rank = (n * 50 + 99) / 100),
    max(ms) FILTER (WHERE rank = (n * 95 + 99) / 100),
    max(ms) FILTER (WHERE rank = (n * 99 + 99) / 100)
FROM ranked GROUP BY stage ORDER BY min(row)"""
VITALS = """SELECT count(*), avg(power_mw), max(power_mw), max(temperature_c),
    count(*) FILTER (WHERE throttling != '') FROM vitals WHERE run = ?"""


def report(path: Path, last: int = 10) -> Report:
    """Read the log.

    Args:
        path: the database.
        last: how many runs, readings and events to read.

    Raises:
        SourceError: it is missing, damaged, or no log of ours.
    """
    if not path.is_file():
        raise SourceError(f"there is no log at {path}; 'digit-agent run' writes one, or name another with --log")
    try:
        connection = open_for_reading(path)
        try:
            return _report(connection, last)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise SourceError(
            f"{path} cannot be read as a log ({error}); move it away, and the next run starts a new one"
        ) from error


def _report(connection: sqlite3.Connection, last: int) -> Report:
    runs = tuple(Run(*row) for row in connection.execute(RUNS, (last,)))
    latest = (runs[0].id if runs else 0,)
    return Report(
        runs=runs,
        readings=tuple(LoggedReading(*row) for row in connection.execute(READINGS, (last,))),
        events=tuple(Event(*row) for row in connection.execute(EVENTS, (last,))),
        latency=tuple(StageLatency(*row) for row in connection.execute(LATENCY, latest)),
        vitals=VitalsRange(*connection.execute(VITALS, latest).fetchone()),
    )
