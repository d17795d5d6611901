"""A JSON object a reading, one a line, for other programs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import IO

import msgspec

from agent.events import FrameEvent


class JsonLines:
    """A sink that writes each announced reading as JSON: when, where from, what, where in the picture, how sure."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._encoder = msgspec.json.Encoder()

    def take(self, tick: FrameEvent) -> None:
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        for reading in tick.announced:
            line = {
                "time": at,
                "monotonic_ns": tick.finished_ns,
                "source": tick.source,
                "frame": tick.number,
                "text": reading.text,
                "confidence": reading.confidence,
                "box": reading.box,
                "digits": reading.digits,
            }
            self._out.write(self._encoder.encode(line).decode() + "\n")
        if tick.announced:
            self._out.flush()

    def close(self) -> None:
        """The stream is its owner's."""
