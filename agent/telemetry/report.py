"""Reads the log back: runs, readings, faults and choices, and what was measured by the hour and by the day.

Times are those of the clock as it was set last in that boot: where a board learned the time late, what it logged before
is moved to where it belongs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from agent.telemetry.database import all_files, open_for_reading
from agent.telemetry.periods import AT, FROM, Period, iso, periods
from profiles.errors import SourceError


@dataclass(frozen=True)
class Run:
    """One run of the agent."""

    id: int
    started_at: str
    """ISO 8601, UTC, as all times here but a day's."""
    seconds: float
    """How long it ran, or had run when it was written last."""
    ended: bool
    """If not, it still runs, or was cut off."""
    source: str
    board: str
    artifact: str
    """What ran last, as `runtime` and `reason` tell."""
    runtime: str
    reason: str
    power_sensor: str | None
    frames: int
    dropped: int
    readings: int
    digits: int
    lost: int
    """Rows that never reached the log."""


@dataclass(frozen=True)
class LoggedReading:
    """A reading that was announced."""

    at: str
    run: int
    frame: int
    source: str
    text: str
    confidence: float
    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class Fault:
    """Something that went wrong."""

    at: str
    run: int
    text: str


@dataclass(frozen=True)
class ChoiceMade:
    """Which artifact ran from then on."""

    at: str
    run: int
    artifact: str
    runtime: str
    reason: str


@dataclass(frozen=True)
class Report:
    """What the log tells, of everything the newest first; hours and days are those in which the agent ran."""

    log_bytes: int
    runs: tuple[Run, ...]
    hours: tuple[Period, ...]
    days: tuple[Period, ...]
    readings: tuple[LoggedReading, ...]
    faults: tuple[Fault, ...]
    choices: tuple[ChoiceMade, ...]


RUNS = """SELECT begun.at_ms, runs.id, runs.after_ms / 1000.0, ended, source, board, artifact, runtime, reason,
        power_sensor, frames, dropped, readings, digits, lost
    FROM runs JOIN begun ON begun.run = runs.id LEFT JOIN choices ON choices.id = (
        SELECT max(id) FROM choices WHERE choices.run = runs.id
    ) ORDER BY runs.id DESC LIMIT ?"""
READINGS = f"""SELECT {AT}, row.run, frame, coalesce(row.source, runs.frame_source, ''), text, sure_permille / 1000.0,
        x, y, w, h
    FROM readings {FROM} LEFT JOIN runs ON runs.id = row.run ORDER BY row.id DESC LIMIT ?"""  # noqa: S608
FAULTS = f"SELECT {AT}, row.run, text FROM faults {FROM} ORDER BY row.id DESC LIMIT ?"  # noqa: S608
CHOICES = f"SELECT {AT}, row.run, artifact, runtime, reason FROM choices {FROM} ORDER BY row.id DESC LIMIT ?"  # noqa: S608


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The log, in one state whatever is written meanwhile.

    Raises:
        SourceError: it is missing, damaged, no log of ours, or of another version.
    """
    if not path.is_file():
        raise SourceError(f"there is no log at {path}; 'digit-agent run' writes one, or name another with --log")
    try:
        with closing(open_for_reading(path)) as connection:
            connection.execute("BEGIN")
            yield connection
    except sqlite3.OperationalError as error:
        raise SourceError(f"{path} cannot be read ({error}); try again, as its owner or with sudo") from error
    except sqlite3.Error as error:
        raise SourceError(
            f"{path} cannot be read as a log ({error}); the next run moves it aside and starts a new one"
        ) from error


def report(path: Path, last: int = 10, zone: tzinfo | None = None) -> Report:
    """Read the log.

    Args:
        path: the database.
        last: how many runs, hours, days, readings, faults and choices to read; -1 is all.
        zone: where days begin; None is this machine's.

    Raises:
        SourceError: as `opened` does.
    """
    with opened(path) as connection:
        hours, days = periods(connection, last, zone)
        return Report(
            log_bytes=sum(part.stat().st_size for part in all_files(path) if part.exists()),
            runs=tuple(runs(connection, last)),
            hours=hours,
            days=days,
            readings=tuple(readings(connection, last)),
            faults=tuple(faults(connection, last)),
            choices=tuple(choices(connection, last)),
        )


def runs(connection: sqlite3.Connection, last: int) -> Iterator[Run]:
    """The newest runs."""
    for at_ms, run, seconds, ended, *rest in connection.execute(RUNS, (last,)):
        yield Run(run, iso(at_ms), seconds, bool(ended), *rest)


def readings(connection: sqlite3.Connection, last: int) -> Iterator[LoggedReading]:
    """The newest readings, one by one: there may be millions."""
    return (LoggedReading(iso(at_ms), *rest) for at_ms, *rest in connection.execute(READINGS, (last,)))


def faults(connection: sqlite3.Connection, last: int) -> Iterator[Fault]:
    """The newest faults."""
    return (Fault(iso(at_ms), *rest) for at_ms, *rest in connection.execute(FAULTS, (last,)))


def choices(connection: sqlite3.Connection, last: int) -> Iterator[ChoiceMade]:
    """The newest choices."""
    return (ChoiceMade(iso(at_ms), *rest) for at_ms, *rest in connection.execute(CHOICES, (last,)))
