"""Print readings and records: each reading as one line, as text or JSON, and each record with a line for each field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import IO

from agent.events import Event, FrameEvent
from agent.forms.record import Record, RecordField
from agent.vision.page import reading_to_dict
from profiles.foreign_text import show, to_json


class PlainLines:
    """A sink that writes each announced reading as a line of text: time, source, number, confidence.

    A record is a line with its form, and one for each field.

    Args:
        out: stream to write to; `close` leaves it open.
    """

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def take(self, event: Event) -> None:
        if not isinstance(event, FrameEvent):
            return
        now = datetime.now().astimezone()
        for reading in event.announced:
            self._out.write(f"{now:%H:%M:%S}  {show(event.source)}  {reading.shown_text}  {reading.confidence:.0%}\n")
        for record in event.records:
            head = f"{now:%H:%M:%S}  {show(event.source)}  form {record.form}"
            self._out.write("\n".join([head, *record_lines(record), ""]))
        if event.announced or event.records:
            self._out.flush()

    def close(self) -> None:
        """Do nothing: the owner of the stream closes it."""


class JsonLines:
    """A sink that writes each announced reading, and each record of a sheet, as a JSON object on one line.

    The keys are `time` (ISO 8601, UTC), `monotonic_ns`, `source`, `frame`, and those of `Record.to_dict`; or
    `waits_for` (empty if the reading is announced), and those of `reading_to_dict`.

    Args:
        out: stream to write to; `close` leaves it open.
        sightings: whether to write the numbers that are not announced yet, too, each time that its reason changes.
    """

    def __init__(self, out: IO[str], *, sightings: bool = False) -> None:
        self._out, self._sightings = out, sightings
        self._written: set[tuple[str, str]] = set()

    def take(self, event: Event) -> None:
        if not isinstance(event, FrameEvent):
            return
        for reading in event.announced:
            self._write(event, {"waits_for": "", **reading_to_dict(reading)})
        for record in event.records:
            self._write(event, record.to_dict())
        if self._sightings:
            before, self._written = self._written, {(s.reading.text, s.waits_for) for s in event.sightings}
            for sighting in event.sightings:
                if (sighting.reading.text, sighting.waits_for) not in before:
                    self._write(event, {"waits_for": sighting.waits_for, **reading_to_dict(sighting.reading)})
        self._out.flush()

    def _write(self, event: FrameEvent, content: Mapping[str, object]) -> None:
        line = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "monotonic_ns": event.finished_ns,
            "source": event.source,
            "frame": event.number,
            **content,
        }
        self._out.write(to_json(line) + "\n")

    def close(self) -> None:
        """Do nothing: the owner of the stream closes it."""


def record_lines(record: Record) -> list[str]:
    """Return a line for each field of a record: its name, its value, and what is doubtful in it."""
    width = max(len(field.name) for field in record.fields)
    return [f"  {field.name:{width}}  {_describe_field(field)}" for field in record.fields]


def _describe_field(field: RecordField) -> str:
    """Format a value, with what is doubtful in it."""
    if field.broken:
        return f"{field.text or '–'}  to check: {', '.join(field.broken)}"
    notes = [] if field.is_sure else [f"to check: only {field.confidence:.0%} sure"]
    if field.text != field.raw_text:
        notes.append(f"without rules {field.raw_text or 'empty'}")
    return f"{field.value_text or '–'}{'  ' if notes else ''}{', '.join(notes)}"
