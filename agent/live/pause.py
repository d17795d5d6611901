"""Pause of a run: the user holds it between two frames."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from agent.capture.source import Frame

CHECK_S = 0.1
"""Time between two checks whether a pause is over, in seconds. Raising it delays the next frame. Not tuned."""


class Pause:
    """Holds the frames of a run while the user has paused it; a camera's frames of that time are dropped.

    Args:
        stop: ends a pause, too.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.paused = False
        """Whether the run is held; any thread may read it."""

    def toggle(self) -> None:
        """Pause the run, or let it go on; any thread may call this."""
        self.paused = not self.paused

    def pause(self) -> None:
        """Pause the run, if it is not paused; any thread may call this."""
        self.paused = True

    def resume(self) -> None:
        """Let the run go on, if it is paused; any thread may call this."""
        self.paused = False

    def hold(self, frames: Iterable[Frame | None]) -> Iterator[Frame | None]:
        """Give the frames; during a pause give None, as if no frame had come."""
        for frame in frames:
            yield frame
            while self.paused and not self._stop.wait(CHECK_S):
                yield None
