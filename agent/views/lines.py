"""Print each announced reading as one line, as text or as JSON."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import IO

from agent.events import Event, FrameEvent
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
            self._out.write(f"{now:%H:%M:%S}  {show(event.source)}  {reading.text}  {reading.confidence:.0%}\n")
        if event.announced:
            self._out.flush()

    def close(self) -> None:
        """Do nothing: the owner of the stream closes it."""


class JsonLines:
    """A sink that writes each announced reading as a JSON object on one line.

    The keys are `time` (ISO 8601, UTC), `monotonic_ns`, `source`, `frame`, and the keys of `reading_to_dict`.

    Args:
        out: stream to write to; `close` leaves it open.
    """

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def take(self, event: Event) -> None:
        if not isinstance(event, FrameEvent):
            return
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        for reading in event.announced:
            line = {
                "time": now,
                "monotonic_ns": event.finished_ns,
                "source": event.source,
                "frame": event.number,
                **reading_to_dict(reading),
            }
            self._out.write(to_json(line) + "\n")
        if event.announced:
            self._out.flush()

    def close(self) -> None:
        """Do nothing: the owner of the stream closes it."""
