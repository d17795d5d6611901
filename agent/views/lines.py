"""Print each announced reading as one line, as text or as JSON."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import IO

from agent.events import Event, FrameEvent
from agent.vision.lines import Reading
from agent.vision.page import reading_to_dict
from profiles.foreign_text import show, to_json


class PlainLines:
    """A sink that writes each announced reading as a line of text: time, source, number, confidence.

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
        if event.announced:
            self._out.flush()

    def close(self) -> None:
        """Do nothing: the owner of the stream closes it."""


class JsonLines:
    """A sink that writes each announced reading as a JSON object on one line.

    The keys are `time` (ISO 8601, UTC), `monotonic_ns`, `source`, `frame`, `waits_for` (empty if it is announced), and
    the keys of `reading_to_dict`.

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
            self._write(event, reading)
        if self._sightings:
            before, self._written = self._written, {(s.reading.text, s.waits_for) for s in event.sightings}
            for sighting in event.sightings:
                if (sighting.reading.text, sighting.waits_for) not in before:
                    self._write(event, sighting.reading, sighting.waits_for)
        self._out.flush()

    def _write(self, event: FrameEvent, reading: Reading, waits_for: str = "") -> None:
        line = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "monotonic_ns": event.finished_ns,
            "source": event.source,
            "frame": event.number,
            "waits_for": waits_for,
            **reading_to_dict(reading),
        }
        self._out.write(to_json(line) + "\n")

    def close(self) -> None:
        """Do nothing: the owner of the stream closes it."""
