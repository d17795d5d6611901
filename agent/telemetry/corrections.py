"""What people say about readings: which they should look at next, their corrections, and how often readings are wrong.

A correction stands beside its reading, never over it. Each reading has at most one, and it can be taken back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any, Literal

from agent.telemetry.database import open_for_writing, reason_of
from agent.telemetry.periods import iso
from agent.telemetry.report import open_log
from profiles.errors import OutputError, SourceError

Z_95 = 1.959964
"""Standard deviations on both sides of the mean beyond which 5 % of a normal distribution lie. Raising it widens the
intervals."""
Verdict = Literal["number", "not_a_number", "cannot_tell"]
Origin = Literal["unsure", "sample", "chosen"]
"""Why somebody looked at a reading: it was unsure, it was drawn from the sure ones, or they chose it themselves."""
WAITING = """FROM pictures LEFT JOIN corrections USING (reading) WHERE sure = ? AND corrections.id IS NULL"""
SHUFFLED = "(pictures.reading * 2654435761) % 4294967296"
"""SQL for an order without a pattern (Knuth's multiplicative hash), so that whoever stops has seen a random part."""
CHECKED = """SELECT count(*), coalesce(sum(verdict = 'not_a_number' OR corrections.text <> readings.text), 0)
    FROM corrections JOIN readings ON readings.id = reading WHERE origin = ? AND verdict <> 'cannot_tell'"""
BY_RUN = """SELECT readings.run = (SELECT max(id) FROM runs), count(*),
    sum(verdict = 'not_a_number' OR corrections.text <> readings.text)
    FROM corrections JOIN readings ON readings.id = reading WHERE verdict <> 'cannot_tell' GROUP BY 1"""
SELECT = "SELECT id, at_ms, reading, verdict, text, origin FROM corrections"


@dataclass(frozen=True)
class Correction:
    """What a person says about a reading."""

    id: int
    at: str
    """ISO 8601, UTC."""
    reading: int
    """ID of the reading."""
    verdict: Verdict
    text: str
    """The right text if the verdict is `number`, else empty."""
    origin: Origin


@dataclass(frozen=True)
class ErrorRate:
    """How many of the checked readings were wrong. Those of which nobody could tell are left out."""

    checked: int
    wrong: int
    waiting: int
    """Readings with a cut-out that nobody has looked at."""
    low: float
    """Lower end of the 95 % interval of the share of wrong readings, 0..1 (Wilson's score interval)."""
    high: float


class CorrectedBeforeError(ValueError):
    """Raised when somebody else has corrected a reading meanwhile."""


class NoReadingError(ValueError):
    """Raised when there is no such reading or correction, or not any more."""


def wilson(wrong: int, checked: int) -> tuple[float, float]:
    """Return the 95 % interval of a share. It holds for small numbers as well (Wilson 1927); 0 to 1 without any."""
    if not checked:
        return 0.0, 1.0
    share, square = wrong / checked, Z_95**2
    middle = (share + square / (2 * checked)) / (1 + square / checked)
    half = Z_95 / (1 + square / checked) * sqrt(share * (1 - share) / checked + square / (4 * checked**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def readings_to_review(connection: sqlite3.Connection, limit: int) -> list[tuple[int, Origin]]:
    """Return the IDs of readings that a person should look at: unsure ones, newest first, then sure ones at random."""
    orders: tuple[tuple[Origin, str], ...] = (("unsure", "pictures.reading DESC"), ("sample", SHUFFLED))
    found = list[tuple[int, Origin]]()
    for sure, (origin, order) in enumerate(orders):
        query = f"SELECT pictures.reading {WAITING} ORDER BY {order} LIMIT ?"
        found += ((row[0], origin) for row in connection.execute(query, (sure, limit - len(found))))
    return found


def error_rate(connection: sqlite3.Connection, origin: Origin) -> ErrorRate:
    """Return how many of the readings that were looked at for this reason were wrong."""
    checked, wrong = connection.execute(CHECKED, (origin,)).fetchone()
    waiting = connection.execute(f"SELECT count(*) {WAITING}", (origin == "sample",)).fetchone()[0]
    return ErrorRate(checked, wrong, waiting, *wilson(wrong, checked))


def count_checked(log: Path) -> dict[str, int]:
    """Count the readings that people checked: those of the last run, and those of the runs before.

    Returns:
        `checked`, `wrong`, `checked_before` and `wrong_before`; empty if the log cannot be read.
    """
    try:
        with open_log(log) as connection:
            rows = {bool(is_last): (checked, wrong) for is_last, checked, wrong in connection.execute(BY_RUN)}
    except SourceError:
        return {}
    (checked, wrong), (checked_before, wrong_before) = (rows.get(is_last, (0, 0)) for is_last in (True, False))
    return {"checked": checked, "wrong": wrong, "checked_before": checked_before, "wrong_before": wrong_before}


def corrections(connection: sqlite3.Connection, limit: int, before: int) -> tuple[Correction, ...]:
    """Return corrections with an ID below `before`, newest first."""
    rows = connection.execute(f"{SELECT} WHERE id < ? ORDER BY id DESC LIMIT ?", (before, limit))
    return tuple(map(_correction, rows))


def correct(path: Path, wanted: Correction, at_ms: int) -> Correction:
    """Keep a correction.

    Args:
        path: the log.
        wanted: the correction. Its ID is that of the correction that it replaces, 0 if it is the first one.
        at_ms: the time, in milliseconds since 1970, UTC.

    Returns:
        The correction as it was kept.

    Raises:
        NoReadingError: there is no such reading.
        CorrectedBeforeError: the reading has another correction than the one to replace.
        DigitAgentError: the log cannot be written.
    """
    with _writing(path) as connection:
        if not connection.execute("SELECT 1 FROM readings WHERE id = ?", (wanted.reading,)).fetchone():
            raise NoReadingError("there is no such reading, or it was deleted because the log is full")
        before = connection.execute(f"{SELECT} WHERE reading = ?", (wanted.reading,)).fetchone()
        if (before[0] if before else 0) != wanted.id:
            said = f"it says {_in_words(_correction(before))}" if before else "it was taken back"
            raise CorrectedBeforeError(f"somebody else has corrected this reading meanwhile: {said}")
        connection.execute("DELETE FROM corrections WHERE reading = ?", (wanted.reading,))
        row = at_ms, wanted.reading, wanted.verdict, wanted.text, wanted.origin
        insert = "INSERT INTO corrections (at_ms, reading, verdict, text, origin) VALUES (?, ?, ?, ?, ?)"
        return _correction((connection.execute(insert, row).lastrowid, *row))


def take_back(path: Path, correction: int) -> None:
    """Delete a correction.

    Raises:
        NoReadingError: there is no such correction.
        DigitAgentError: the log cannot be written.
    """
    with _writing(path) as connection:
        if not connection.execute("DELETE FROM corrections WHERE id = ?", (correction,)).rowcount:
            raise NoReadingError("this correction is not there any more: somebody has replaced it or taken it back")


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a transaction in a log that exists."""
    with open_log(path):
        pass
    try:
        with closing(open_for_writing(path)) as connection:
            connection.execute("PRAGMA synchronous = FULL")  # a person's work should survive a power cut
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
    except (OSError, sqlite3.Error) as error:
        raise OutputError(
            f"the correction cannot be kept in {path} ({reason_of(error)})",
            advice="check the permissions and the free space, then try again",
        ) from error


def _correction(row: tuple[Any, ...]) -> Correction:
    number, at_ms, *columns = row
    return Correction(number, iso(at_ms), *columns)


def _in_words(correction: Correction) -> str:
    return correction.text or correction.verdict.replace("_", " ")
