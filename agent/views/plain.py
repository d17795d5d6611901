"""A line a reading, for people without a terminal and for logs: no colours, no control codes."""

from __future__ import annotations

from datetime import datetime
from typing import IO

from agent.events import FrameEvent


class Plain:
    """A sink that writes each announced reading as a line: time, source, number, confidence."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def take(self, tick: FrameEvent) -> None:
        at = datetime.now().astimezone()
        for reading in tick.announced:
            self._out.write(f"{at:%H:%M:%S}  {tick.source}  {reading.text}  {reading.confidence:.0%}\n")
        if tick.announced:
            self._out.flush()

    def close(self) -> None:
        """The stream is its owner's."""
