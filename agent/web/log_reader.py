"""Reads the log for the web page: what was asked, from a query string."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec

from agent.telemetry.periods import EPOCH, Period, iso, periods
from agent.telemetry.record_rows import LoggedRecord, records, table_of
from agent.telemetry.report import LoggedChoice, LoggedFault, LoggedReading, LoggedRun, open_log, report
from agent.telemetry.search import (
    READING_COLUMNS,
    FoundReading,
    ReadingFilter,
    ReadingPart,
    search_readings,
)
from agent.views.timeline import MAX_HOURS, MIN_HOURS
from agent.web.answers import BadRequestError
from profiles.errors import SourceError
from profiles.foreign_text import show_cell

DOWNLOAD_ROWS = 1000
"""Readings of a download that are in memory at a time."""
HOURS = {"day": MIN_HOURS, "week": MAX_HOURS}
"""Hours that the page about the board shows, by the name of the span."""
MAX_RECORDS = 10_000
"""Records of a download. They are in memory at once. Raising it takes more memory for a moment."""
FAULTS = 50
"""Newest faults and choices on the page about the board."""
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
RowId = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Moment = Annotated[str, msgspec.Meta(max_length=40, description="ISO 8601; without a zone it is the board's time")]


class ReadingFilterQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which readings are wanted."""

    text: Annotated[str, msgspec.Meta(max_length=64, description="part of the number")] = ""
    min_confidence: Annotated[Share, msgspec.Meta(description="lowest confidence, 0..1")] = 0.0
    max_confidence: Annotated[Share, msgspec.Meta(description="highest confidence, 0..1")] = 1.0
    since: Moment = ""
    until: Moment = ""


class ReadingQuery(ReadingFilterQuery, frozen=True, forbid_unknown_fields=True):
    """Which readings are wanted, and which part of them."""

    before: Annotated[RowId | None, msgspec.Meta(description="only readings with a smaller ID")] = None
    after: Annotated[RowId, msgspec.Meta(description="only readings with a larger ID")] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=500, description="most readings of one answer")] = 50


class RecordQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which records are wanted."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500, description="most records, the newest ones")] = 50
    field: Annotated[str, msgspec.Meta(max_length=64, description="only records with this field")] = ""
    text: Annotated[str, msgspec.Meta(max_length=64, description="part of the field's value, or of any field's")] = ""
    to_check: Annotated[bool, msgspec.Meta(description="only records of which the field, or any, is unsure")] = False


class BoardQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which time is wanted."""

    span: Annotated[str, msgspec.Meta(pattern="^(day|week)$", description="day or week")] = "day"


@dataclass(frozen=True)
class BoardReport:
    """How the board did, newest first."""

    hours: tuple[Period, ...]
    faults: tuple[LoggedFault, ...]
    choices: tuple[LoggedChoice, ...]


@dataclass(frozen=True)
class FoundField:
    """A field of a record."""

    name: str
    value: str
    """Empty without a value."""
    text: str
    confidence: float
    sure: bool
    broken: tuple[str, ...]


@dataclass(frozen=True)
class FoundRecord:
    """A sheet that was recorded."""

    at: str
    """ISO 8601, UTC."""
    form: str
    source: str
    fields: tuple[FoundField, ...]


@dataclass(frozen=True)
class RecordPart:
    """Records, newest first."""

    records: tuple[FoundRecord, ...]


@dataclass(frozen=True)
class LogState:
    """State of the log."""

    log_bytes: int
    run: LoggedRun | None
    """The newest run; None if there is none."""
    last_reading: LoggedReading | None


class LogReader:
    """Reads the log anew for each question.

    Args:
        path: the log; None if the run keeps none.
    """

    def __init__(self, path: Path | None) -> None:
        self._log = path

    @property
    def path(self) -> Path:
        """The log.

        Raises:
            SourceError: the run keeps no log.
        """
        if self._log is None:
            raise SourceError("this run keeps no log", advice="start it without --no-log")
        return self._log

    def state(self) -> LogState:
        """Return the newest run and reading."""
        found = report(self.path, 1)
        return LogState(found.log_bytes, next(iter(found.runs), None), next(iter(found.readings), None))

    def readings(self, query: ReadingQuery) -> ReadingPart:
        """Return a part of the readings, newest first."""
        wanted = to_filter(query)
        with open_log(self.path) as connection:
            return search_readings(connection, wanted, query.limit, before=query.before, after=query.after)

    def records(self, query: RecordQuery) -> RecordPart:
        """Return the newest records."""
        with open_log(self.path) as connection:
            found = filter(partial(_is_wanted, query), map(_found_record, records(connection, MAX_RECORDS)))
            return RecordPart(tuple(islice(found, query.limit)))

    def has_records(self) -> bool:
        """Whether there is a record."""
        with open_log(self.path) as connection:
            return next(records(connection, 1), None) is not None

    def records_csv(self) -> str:
        """Return the newest records as CSV, oldest first, with a column for each field of their forms."""
        with open_log(self.path) as connection:
            columns, rows = table_of(connection, MAX_RECORDS)
            return _csv_rows([tuple(columns), *map(tuple, rows)])

    def board(self, query: BoardQuery) -> BoardReport:
        """Return the hours and faults of the last day or week of the log, and the artifact in use."""
        hours_back = HOURS[query.span]
        found = report(self.path, FAULTS)
        with open_log(self.path) as connection:
            hours, _ = periods(connection, hours_back, None)
        newest = max((hour.start for hour in hours), default=iso(0))  # a copied log may be old
        since = (datetime.fromisoformat(newest) - timedelta(hours=hours_back - 1)).isoformat(timespec="milliseconds")
        return BoardReport(
            tuple(hour for hour in hours if hour.start >= since),
            tuple(fault for fault in found.faults if fault.at >= since),
            found.choices[:1],
        )

    def all_readings(self, query: ReadingFilterQuery) -> Iterator[FoundReading]:
        """Give all readings, newest first. The log is open only while a part is read: a slow client blocks nobody."""
        wanted, before = to_filter(query), None
        while True:
            with open_log(self.path) as connection:
                part = search_readings(connection, wanted, DOWNLOAD_ROWS, before=before)
            yield from part.readings
            before = part.next_before
            if before is None:
                return


def to_filter(query: ReadingFilterQuery) -> ReadingFilter:
    """Return the filter of a query.

    Raises:
        BadRequestError: a time is not one.
    """
    default = ReadingFilter()
    return ReadingFilter(
        text=query.text,
        min_permille=round(query.min_confidence * 1000),
        max_permille=round(query.max_confidence * 1000),
        since_ms=_to_ms(query.since, default.since_ms),
        until_ms=_to_ms(query.until, default.until_ms),
    )


def _found_record(record: LoggedRecord) -> FoundRecord:
    fields = (
        FoundField(one.name, one.value, one.text, one.sure_permille / 1000, one.is_sure, one.broken)
        for one in record.fields
    )
    return FoundRecord(record.at, record.form, record.source, tuple(fields))


def _is_wanted(query: RecordQuery, record: FoundRecord) -> bool:
    """Return whether a field of a record is what a query asks for."""
    return any(
        (not query.field or field.name == query.field)
        and (not query.text or query.text in field.value or query.text in field.text)
        and not (query.to_check and field.sure)
        for field in record.fields
    )


def csv_chunks(readings: Iterator[FoundReading]) -> Iterator[str]:
    """Give CSV with a header, in chunks."""
    yield from _chunks([READING_COLUMNS], readings, _csv_rows)


def json_chunks(readings: Iterator[FoundReading]) -> Iterator[str]:
    """Give JSON Lines, in chunks."""
    yield from _chunks([], readings, lambda rows: "".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows))


def _chunks(head: list[Any], rows: Iterator[Any], encode: Callable[[list[Any]], str]) -> Iterator[str]:
    chunk = head
    for row in rows:
        chunk.append(row)
        if len(chunk) >= DOWNLOAD_ROWS:
            yield encode(chunk)
            chunk = []
    if chunk:
        yield encode(chunk)


def _csv_rows(rows: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        map(show_cell, row if isinstance(row, tuple) else astuple(row)) for row in rows
    )
    return out.getvalue()


def _to_ms(text: str, default: int) -> int:
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+")).astimezone()
        return (moment - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError, OSError):
        raise BadRequestError(f"{text!r} is not a time; write it as 2026-11-28T19:00") from None
