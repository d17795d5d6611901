"""Searches the readings of the log, newest first, in parts that take a bounded time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from agent.telemetry.periods import AT_MS, iso
from agent.telemetry.report import QUERIES, LoggedReading

SCANNED_AT_ONCE = 20_000
"""Rows that one query looks at. Raising it makes a search faster, and the wait for its time limit longer."""
TIME_LIMIT_S = 0.5
"""Time after which a search returns what it has found so far, in seconds."""
MAX_ID = 2**62
"""Larger than every ID of a row."""
_ADDED = """EXISTS (SELECT 1 FROM pictures WHERE reading = row.id),
    coalesce((SELECT id FROM corrections WHERE reading = row.id), 0),
    coalesce((SELECT CAST(verdict AS TEXT) FROM corrections WHERE reading = row.id), ''),
    coalesce((SELECT CAST(corrections.text AS TEXT) FROM corrections WHERE reading = row.id), '')"""
_READING = f"SELECT row.id, {_ADDED}, {QUERIES[LoggedReading].removeprefix('SELECT')}"
_PART = f"""{_READING} WHERE row.id < ?1 AND row.id >= ?2
    AND (?3 = '' OR instr(CAST(text AS TEXT), ?3))
    AND coalesce(sure_permille, 0) BETWEEN ?4 AND ?5 AND {AT_MS} BETWEEN ?6 AND ?7
    ORDER BY row.id DESC LIMIT ?8"""


@dataclass(frozen=True)
class FoundReading(LoggedReading):
    """A reading of the log with its ID, which grows with each reading."""

    id: int
    picture: bool = False
    """Whether a cut-out is kept."""
    correction: int = 0
    """ID of its correction; 0 if it has none."""
    verdict: str = ""
    """What a person says that it is: `number`, `not_a_number` or `cannot_tell`; empty if nobody has looked."""
    corrected: str = ""
    """The right text if the verdict is `number`, else empty."""


@dataclass(frozen=True)
class ReadingFilter:
    """Which readings are wanted."""

    text: str = ""
    """A part of the text; empty is any."""
    min_permille: int = 0
    max_permille: int = 1000
    since_ms: int = -MAX_ID
    """Milliseconds since 1970, UTC, as `until_ms`; both ends are included."""
    until_ms: int = MAX_ID


@dataclass(frozen=True)
class ReadingPart:
    """A part of the readings that a search finds."""

    readings: tuple[FoundReading, ...]
    """Newest first."""
    next_before: int | None
    """Where the search goes on; None at the end of the log."""


def search_readings(
    connection: sqlite3.Connection,
    wanted: ReadingFilter,
    limit: int,
    *,
    before: int | None = None,
    after: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> ReadingPart:
    """Find readings, newest first.

    Args:
        connection: the open log.
        wanted: which readings.
        limit: maximum number of readings.
        before: look only at readings with a smaller ID; None looks at all.
        after: look only at readings with a larger ID.
        clock: time in seconds.
    """
    lowest, highest = connection.execute("SELECT min(id), max(id) FROM readings").fetchone()
    end = max(lowest or 0, after + 1)
    place = min(MAX_ID if before is None else before, (highest or 0) + 1)
    found, started_s = list[FoundReading](), clock()
    conditions = wanted.text, wanted.min_permille, wanted.max_permille, wanted.since_ms, wanted.until_ms
    while place > end and len(found) < limit and clock() - started_s < TIME_LIMIT_S:
        start = max(place - SCANNED_AT_ONCE, end)
        room = limit - len(found)
        rows = connection.execute(_PART, (place, start, *conditions, room)).fetchall()
        found += map(_found, rows)
        place = found[-1].id if len(rows) == room else start
    return ReadingPart(tuple(found), place if place > end else None)


def find_reading(connection: sqlite3.Connection, number: int) -> FoundReading | None:
    """Return the reading with this ID; None if there is none."""
    return next(map(_found, connection.execute(f"{_READING} WHERE row.id = ?", (number,))), None)


def _found(row: tuple[Any, ...]) -> FoundReading:
    number, picture, correction, verdict, corrected, at_ms, *columns = row
    return FoundReading(*(iso(at_ms), *columns, number, bool(picture), correction, verdict, corrected))


READING_COLUMNS = tuple(field.name for field in fields(FoundReading))
"""Names of the columns of a found reading, in order."""
