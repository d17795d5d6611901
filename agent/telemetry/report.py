"""Reads the log: runs, readings, faults and choices, and measurements by the hour and by the day.

Times are by the wall clock as it was set last in the same boot: if a board gets the time late, the rows that it logged
before are corrected.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from agent.telemetry.database import (
    DAMAGE,
    all_files,
    is_other_file,
    open_for_reading,
    reason_of,
    require_regular_files,
)
from agent.telemetry.periods import AT_MS, JOIN_BEGUN, Period, iso, periods
from profiles.errors import SourceError


@dataclass(frozen=True)
class LoggedRun:
    """A run of the agent."""

    id: int
    started_at: str
    """Time at which the run started, in ISO 8601, UTC, as all times here except the start of a day."""
    seconds: float
    """Time from the start of the run to its last write."""
    ended: bool
    """False if it still runs, or was interrupted."""
    source: str
    board: str
    artifact: str
    """Artifact that was in use last; `runtime` and `reason` belong to it."""
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
class LoggedFault:
    """A fault."""

    at: str
    run: int
    text: str


@dataclass(frozen=True)
class LoggedChoice:
    """The artifact in use from a time on."""

    at: str
    run: int
    artifact: str
    runtime: str
    reason: str


@dataclass(frozen=True)
class Report:
    """Content of the log, newest first. Hours and days without a run are left out."""

    log_bytes: int
    runs: tuple[LoggedRun, ...]
    hours: tuple[Period, ...]
    days: tuple[Period, ...]
    readings: tuple[LoggedReading, ...]
    faults: tuple[LoggedFault, ...]
    choices: tuple[LoggedChoice, ...]


def _int(column: str) -> str:
    """Return the SQL for a whole number. A damaged row may hold any type in any column; CAST makes 0 of a text."""
    return f"CAST(coalesce({column}, 0) AS INTEGER)"


def _text(column: str) -> str:
    """Return the SQL for a text."""
    return f"CAST(coalesce({column}, '') AS TEXT)"


_COUNTS = ", ".join(map(_int, ("frames", "dropped", "readings", "digits", "lost")))
_CHOICE = ", ".join(map(_text, ("artifact", "runtime", "reason")))
RUNS = f"""SELECT {_int("begun.at_ms")}, runs.id, {_int("runs.after_ms")} / 1000.0, {_int("ended")}, {_text("source")},
        {_text("board")}, {_CHOICE}, CAST(power_sensor AS TEXT), {_COUNTS}
    FROM runs JOIN begun ON begun.run = runs.id LEFT JOIN choices ON choices.id = (
        SELECT max(id) FROM choices WHERE choices.run = runs.id
    ) ORDER BY runs.id DESC LIMIT ?"""  # noqa: S608
READINGS = f"""SELECT {AT_MS}, {_int("row.run")}, {_int("frame")},
        {_text("coalesce(row.source, runs.frame_source)")}, {_text("text")}, {_int("sure_permille")} / 1000.0,
        {_int("x")}, {_int("y")}, {_int("w")}, {_int("h")}
    FROM readings {JOIN_BEGUN} LEFT JOIN runs ON runs.id = row.run ORDER BY row.id DESC LIMIT ?"""  # noqa: S608
FAULTS = f"""SELECT {AT_MS}, {_int("row.run")}, {_text("text")}
    FROM faults {JOIN_BEGUN} ORDER BY row.id DESC LIMIT ?"""  # noqa: S608
CHOICES = f"""SELECT {AT_MS}, {_int("row.run")}, {_CHOICE}
    FROM choices {JOIN_BEGUN} ORDER BY row.id DESC LIMIT ?"""  # noqa: S608


@contextmanager
def open_log(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the log for reading, in the state of this moment even if it is written meanwhile.

    Raises:
        SourceError: the log is missing or damaged, has the schema of another version, or belongs to another program.
    """
    try:
        require_regular_files(path)
        exists = path.exists()
        is_other = exists and is_other_file(path)
    except OSError as error:
        advice = "check the name and its permissions"
        raise SourceError(f"{path} cannot be read ({reason_of(error)})", advice=advice) from error
    if not exists:
        raise SourceError(
            f"there is no log at {path}", advice="'digit-agent run' writes one; or name another with --log"
        )
    if is_other:
        raise SourceError(f"{path} is not a database", advice="name the log with --log")
    try:
        with closing(open_for_reading(path)) as connection:
            connection.execute("BEGIN")
            yield connection
    except sqlite3.OperationalError as error:
        raise SourceError(
            f"{path} cannot be read ({reason_of(error)})", advice="try again, as its owner or with sudo"
        ) from error
    except DAMAGE as error:
        raise SourceError(
            f"{path} cannot be read as a log ({reason_of(error)})",
            advice="the next run moves it aside and starts a new one",
        ) from error


def report(path: Path, last: int = 10, zone: tzinfo | None = None) -> Report:
    """Read the log.

    Args:
        path: the database.
        last: maximum number of runs, hours, days, readings, faults and choices; -1 is all.
        zone: time zone of the days; None is this machine's.

    Raises:
        SourceError: see `open_log`.
    """
    with open_log(path) as connection:
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


def runs(connection: sqlite3.Connection, last: int, *, oldest_first: bool = False) -> Iterator[LoggedRun]:
    """Return the newest runs, newest first unless `oldest_first`."""
    for at_ms, run, seconds, ended, *columns in _rows(connection, RUNS, last, oldest_first):
        yield LoggedRun(run, iso(at_ms), seconds, bool(ended), *columns)


def readings(connection: sqlite3.Connection, last: int, *, oldest_first: bool = False) -> Iterator[LoggedReading]:
    """Return the newest readings one by one, because there may be millions."""
    rows = _rows(connection, READINGS, last, oldest_first)
    return (LoggedReading(iso(at_ms), *columns) for at_ms, *columns in rows)


def faults(connection: sqlite3.Connection, last: int, *, oldest_first: bool = False) -> Iterator[LoggedFault]:
    """Return the newest faults."""
    rows = _rows(connection, FAULTS, last, oldest_first)
    return (LoggedFault(iso(at_ms), *columns) for at_ms, *columns in rows)


def choices(connection: sqlite3.Connection, last: int, *, oldest_first: bool = False) -> Iterator[LoggedChoice]:
    """Return the newest choices."""
    rows = _rows(connection, CHOICES, last, oldest_first)
    return (LoggedChoice(iso(at_ms), *columns) for at_ms, *columns in rows)


def _rows(connection: sqlite3.Connection, query: str, last: int, oldest_first: bool) -> Iterator[Sequence[Any]]:
    """Return the newest rows of a query that ends in `DESC LIMIT ?`. Only a limited number is turned in memory."""
    if not oldest_first:
        return connection.execute(query, (last,))
    if last < 0:
        return connection.execute(query.replace("DESC LIMIT ?", "ASC"))
    return iter(connection.execute(query, (last,)).fetchall()[::-1])
