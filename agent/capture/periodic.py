"""One frame per interval. A camera is closed between two frames if there is enough time to open it again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from agent.capture.source import Frame, Source

MIN_CLOSED_S = 10.0
"""Shortest interval, in seconds, in which a camera is closed between two frames. Opening one takes up to eight seconds.
Raising it keeps more cameras open."""
SETTLE_S = 1.0
"""Time after opening in which frames are dropped, in seconds: a camera sets its exposure and its white balance. Raising
it gives better first pictures and keeps the camera open for longer."""
OPEN_MARGIN_S = 60.0
"""Time that a source may take to open, in seconds. A larger value notices later that it hangs."""
NS_PER_S = 1e9


class PeriodicSource(Source):
    """Gives one frame of another source per interval. For a recording, the interval is in recorded time.

    Args:
        source: an open source.
        reopen: opens it again.
        every_s: time from one frame to the next, in seconds.
        min_closed_s: a live source is closed between two frames if `every_s` is at least this, in seconds.
        settle_s: time after opening a live source in which its frames are dropped, in seconds.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[], Source],
        every_s: float,
        *,
        min_closed_s: float = MIN_CLOSED_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        self.title, self.live = source.title, source.live
        self.silence_timeout_s = max(source.silence_timeout_s, every_s + OPEN_MARGIN_S)
        self._source, self._reopen, self._every_s, self._settle_s = source, reopen, every_s, settle_s
        self._rests = source.live and every_s >= min_closed_s
        self._stopped = threading.Event()
        self._settled_s = self._after_opening()
        self._due_s, self._number = -math.inf, 0

    def read(self) -> Frame | None:
        if self._rests and self._number:
            self._rest()
        while not self._stopped.is_set() and (frame := self._source.read()) is not None:
            at_s = frame.captured_ns / NS_PER_S if frame.recorded_s is None else frame.recorded_s
            if at_s >= self._due_s and time.monotonic() >= self._settled_s:
                self._due_s = at_s + self._every_s
                self._number += 1
                return replace(frame, number=self._number - 1)
        return None

    def close(self) -> None:
        self.interrupt()
        self._source.close()

    def interrupt(self) -> None:
        self._stopped.set()
        self._source.interrupt()

    def _rest(self) -> None:
        """Close the source until the next frame is almost due, and open it again."""
        self._source.close()
        self._stopped.wait(self._due_s - self._settle_s - time.monotonic())
        if not self._stopped.is_set():
            self._source = self._reopen()
            self._settled_s = self._after_opening()

    def _after_opening(self) -> float:
        """Return the time on the monotonic clock after which frames are good, in seconds."""
        return time.monotonic() + self._settle_s if self._rests else -math.inf
