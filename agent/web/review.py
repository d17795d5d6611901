"""Reviews of readings for the page: what is asked, what is answered, and corrections that people send."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from agent.telemetry.corrections import (
    Correction,
    ErrorRate,
    Origin,
    Verdict,
    correct,
    corrections,
    error_rate,
    readings_to_review,
)
from agent.telemetry.corrections_export import size_of_export
from agent.telemetry.report import open_log
from agent.telemetry.search import FoundReading, find_reading
from agent.vision.line_text import SIGNS
from agent.web.answers import BadRequestError

MAX_TEXT_CHARACTERS = 64
"""Longest right text. The longest number that a line recogniser can read has fewer characters."""
ALLOWED = frozenset("0123456789" + SIGNS)
RowId = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
TEXT = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARACTERS, description=f"digits, and the signs {SIGNS}")]


class ReviewQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which readings are to be reviewed."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=50, description="most readings of one answer")] = 8
    reading: Annotated[RowId | None, msgspec.Meta(description="only this one, whatever it is")] = None


class CorrectionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which corrections are wanted."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500, description="most corrections of one answer")] = 50
    before: Annotated[RowId, msgspec.Meta(description="only corrections with a smaller ID")] = 2**62


class RowQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the log."""

    id: RowId


class NewCorrection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says about a reading."""

    reading: RowId
    verdict: Verdict
    text: TEXT = ""
    origin: Origin = "chosen"
    replaces: Annotated[RowId, msgspec.Meta(description="ID of the correction before; 0 is the first one")] = 0


@dataclass(frozen=True)
class ReviewItem:
    """A reading that waits for a person."""

    reading: FoundReading
    origin: Origin
    place: tuple[int, int, int, int] | None
    """Box of the reading in its cut-out, x, y, width, height in pixels; None if no cut-out is kept."""


@dataclass(frozen=True)
class Review:
    """Readings to review, the first one first, and what the review has shown so far."""

    items: tuple[ReviewItem, ...]
    unsure: ErrorRate
    sample: ErrorRate
    """Of the sure readings, drawn at random."""
    exportable: int
    """Corrected readings with a cut-out, which `/api/v1/corrections.zip` has."""


@dataclass(frozen=True)
class CorrectionPart:
    """Corrections, newest first."""

    corrections: tuple[Correction, ...]


def find_review(path: Path, query: ReviewQuery) -> Review:
    """Return the readings that a person should look at."""
    with open_log(path) as connection:
        wanted: list[tuple[int, Origin]] = (
            readings_to_review(connection, query.limit) if query.reading is None else [(query.reading, "chosen")]
        )
        items = tuple(
            ReviewItem(reading, origin, _place(connection, number))
            for number, origin in wanted
            if (reading := find_reading(connection, number)) is not None
        )
        unsure, sample = error_rate(connection, "unsure"), error_rate(connection, "sample")
        return Review(items, unsure, sample, size_of_export(connection)[0])


def find_corrections(path: Path, query: CorrectionQuery) -> CorrectionPart:
    """Return a part of the corrections."""
    with open_log(path) as connection:
        return CorrectionPart(corrections(connection, query.limit, query.before))


def find_picture(path: Path, reading: int) -> bytes | None:
    """Return the cut-out of a reading as JPEG; None if none is kept."""
    with open_log(path) as connection:
        found = connection.execute("SELECT CAST(jpeg AS BLOB) FROM pictures WHERE reading = ?", (reading,)).fetchone()
        return found[0] if found else None


def keep_correction(path: Path, new: NewCorrection) -> Correction:
    """Keep what a person says about a reading.

    Raises:
        BadRequestError: the text does not fit the verdict.
        NoReadingError: there is no such reading.
        CorrectedBeforeError: somebody else was faster.
        DigitAgentError: the log cannot be written.
    """
    text = new.text.replace(" ", "")
    if new.verdict == "number" and not set(text) & set("0123456789"):
        raise BadRequestError("a number needs a digit; for a reading that is none, send the verdict not_a_number")
    if new.verdict != "number" and text:
        raise BadRequestError(f"the verdict {new.verdict} takes no text")
    if not set(text) <= ALLOWED:
        raise BadRequestError(f"a number has digits and the signs {SIGNS} only")
    wanted = Correction(new.replaces, "", new.reading, new.verdict, text, new.origin)
    return correct(path, wanted, time.time_ns() // 1_000_000)


def _place(connection: sqlite3.Connection, reading: int) -> tuple[int, int, int, int] | None:
    found = connection.execute("SELECT x, y, w, h FROM pictures WHERE reading = ?", (reading,)).fetchone()
    return tuple(map(int, found)) if found else None  # type: ignore[return-value]
