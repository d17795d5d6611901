"""Reads the log: runs, readings, faults and choices, and measurements by the hour and by the day.

Times are by the wall clock as it was set last in the same boot: if a board gets the time late, the rows that it logged
before are corrected.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from itertools import starmap
from pathlib import Path
from typing import Any, TypeVar

from agent.telemetry.database import (
    DAMAGE,
    all_files,
    is_other_file,
    open_for_reading,
    reason_of,
    require_regular_files,
)
from agent.telemetry.periods import AT_MS, JOIN_BEGUN, Period, iso, periods
from agent.telemetry.record_rows import LoggedRecord, records
from profiles.errors import SourceError

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class LoggedRun:
    """A run of the agent."""

    id: int
    started_at: str
    """Time at which the run started, in ISO 8601, UTC, as all times here except the start of a day."""
    seconds: float
    """Time from the start of the run to its last write."""
    ended: bool
    """Whether the run has ended; False if it still runs, or was interrupted."""
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
    records: tuple[LoggedRecord, ...]
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
QUERIES: Mapping[type[Any], str] = {
    LoggedRun: f"""SELECT {_int("begun.at_ms")}, row.id, {_int("row.after_ms")} / 1000.0, {_int("ended")},
            {_text("source")}, {_text("board")}, {_CHOICE}, CAST(power_sensor AS TEXT), {_COUNTS}
        FROM runs AS row JOIN begun ON begun.run = row.id LEFT JOIN choices ON choices.id = (
            SELECT max(id) FROM choices WHERE choices.run = row.id
        )""",  # noqa: S608
    LoggedReading: f"""SELECT {AT_MS}, {_int("row.run")}, {_int("frame")},
            {_text("coalesce(row.source, runs.frame_source)")}, {_text("text")}, {_int("sure_permille")} / 1000.0,
            {_int("x")}, {_int("y")}, {_int("w")}, {_int("h")}
        FROM readings {JOIN_BEGUN} LEFT JOIN runs ON runs.id = row.run""",  # noqa: S608
    LoggedFault: f"SELECT {AT_MS}, {_int('row.run')}, {_text('text')} FROM faults {JOIN_BEGUN}",  # noqa: S608
    LoggedChoice: f"SELECT {AT_MS}, {_int('row.run')}, {_CHOICE} FROM choices {JOIN_BEGUN}",  # noqa: S608
}
"""SQL by kind; it selects the fields of the kind, after the time in milliseconds."""
TABLES = {LoggedRun: "runs", LoggedReading: "readings", LoggedFault: "faults", LoggedChoice: "choices"}


@contextmanager
def open_log(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the log for reading, in the state of this moment even if it is written meanwhile.

    Raises:
        SourceError: the log is missing or damaged, has the schema of another version, or belongs to another program.
    """
    try:
        require_regular_files(path)
        exists = path.exists()
    except OSError as error:
        advice = "check the name and its permissions"
        raise SourceError(f"{path} cannot be read ({reason_of(error)})", advice=advice) from error
    if not exists:
        raise SourceError(
            f"there is no log at {path}", advice="'digit-agent run' writes one; or name another with --log"
        )
    try:
        with closing(open_for_reading(path)) as connection:
            connection.execute("BEGIN")
            yield connection
    except sqlite3.OperationalError as error:
        raise SourceError(
            f"{path} cannot be read ({reason_of(error)})", advice="try again, as its owner or with sudo"
        ) from error
    except DAMAGE as error:
        if is_other_file(path):
            raise SourceError(f"{path} is not a database", advice="name the log with --log") from error
        raise SourceError(
            f"{path} cannot be read as a log ({reason_of(error)})",
            advice="the next run moves it aside and starts a new one",
        ) from error


def report(path: Path, last: int = 10, zone: tzinfo | None = None) -> Report:
    """Read the log.

    Args:
        path: the database.
        last: maximum number of runs, hours, days, readings, records, faults and choices; -1 is all.
        zone: time zone of the days; None is this machine's.

    Raises:
        SourceError: see `open_log`.
    """
    with open_log(path) as connection:
        hours, days = periods(connection, last, zone)
        return Report(
            log_bytes=sum(part.stat().st_size for part in all_files(path) if part.exists()),
            runs=tuple(_newest(connection, LoggedRun, last)),
            hours=hours,
            days=days,
            readings=tuple(_newest(connection, LoggedReading, last)),
            records=tuple(records(connection, last)),
            faults=tuple(_newest(connection, LoggedFault, last)),
            choices=tuple(_newest(connection, LoggedChoice, last)),
        )


def _newest(connection: sqlite3.Connection, kind: type[Kind], last: int) -> Iterator[Kind]:
    return starmap(kind, rows(connection, kind, last))


def rows(
    connection: sqlite3.Connection, kind: type[Any], last: int, *, oldest_first: bool = False
) -> Iterator[tuple[Any, ...]]:
    """Return the newest rows of a kind one by one, because there may be millions. It makes no object of each row.

    Args:
        connection: the open log.
        kind: `LoggedRun`, `LoggedReading`, `LoggedFault` or `LoggedChoice`.
        last: maximum number of rows; -1 is all.
        oldest_first: order of the rows.

    Returns:
        The fields of the kind, in their order.
    """
    newest = f"SELECT id FROM {TABLES[kind]} ORDER BY id DESC LIMIT ?"  # noqa: S608
    where = f"row.id >= (SELECT min(id) FROM ({newest}))"  # noqa: S608
    order = "ASC" if oldest_first else "DESC"
    found = connection.execute(f"{QUERIES[kind]} WHERE {where} ORDER BY row.id {order}", (last,))
    if kind is LoggedRun:
        return ((run, iso(at_ms), seconds, bool(ended), *more) for at_ms, run, seconds, ended, *more in found)
    return ((iso(at_ms), *columns) for at_ms, *columns in found)
