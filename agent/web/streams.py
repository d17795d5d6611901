"""Streams for those who look: pictures and events. Each takes the newest whenever its client is ready for more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import msgspec

from agent.events import FrameEvent
from agent.web.layers import DROPPED, encode_frame
from agent.web.live_view import LiveRecord, LiveView

PERIOD_S = 0.1
"""Shortest time between two pictures, in seconds. Lowering it takes more of the processor while somebody looks."""
CHECK_S = 0.02
"""Time between two looks for another frame, in seconds, while somebody waits for one."""
EVENTS_PERIOD_S = 0.25
"""Time between two looks for new readings, in seconds."""
STATUS_PERIOD_S = 1.0
HISTORY = 20
"""Last readings that a new stream of events begins with."""
BOUNDARY = "frame"
PART_HEAD = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
"""What stands before each picture of a stream. It has no length, because it is sent before the picture exists."""


class FrameEncoder:
    """Encodes the newest frame as JPEG, once for all who look, and only if somebody does.

    One thread draws for all, because OpenCV 5 loads its font anew for each thread that writes: 6 to 9 MB.

    Args:
        view: the run.
    """

    def __init__(self, view: LiveView) -> None:
        self._view, self._lock = view, asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "web-picture")
        self._changed: asyncio.Event | None = None
        self._waiting = 0
        self._encoded: dict[frozenset[str], tuple[FrameEvent, bytes]] = {}

    async def newest(self, layers: frozenset[str]) -> tuple[FrameEvent, bytes] | None:
        """Return the newest frame and its JPEG, with layers drawn over it; None before the first frame."""
        if DROPPED in layers:
            self._view.want_dropped()
        async with self._lock:
            frame = self._view.frame
            if frame is None:
                return None
            self._encoded = {names: one for names, one in self._encoded.items() if one[0] is frame}
            if layers not in self._encoded:
                drawn = asyncio.get_running_loop().run_in_executor(self._thread, encode_frame, frame, layers)
                self._encoded[layers] = frame, await drawn
            return self._encoded[layers]

    async def wait_for_other(self, shown: FrameEvent | None) -> None:
        """Wait until there is another frame, or the run ends. One timer looks for all who wait."""
        self._waiting += 1
        try:
            while self._view.frame is shown and not self._view.ended:
                if self._changed is None:
                    self._changed = asyncio.Event()
                    self._look(shown)
                await self._changed.wait()
        finally:
            self._waiting -= 1

    def _look(self, seen: FrameEvent | None) -> None:
        if self._waiting and self._view.frame is seen and not self._view.ended:
            asyncio.get_running_loop().call_later(CHECK_S, self._look, seen)
        elif self._changed is not None:
            self._changed.set()
            self._changed = None


async def picture_stream(view: LiveView, encoder: FrameEncoder, layers: frozenset[str]) -> AsyncIterator[bytes]:
    """Give the parts of a `multipart/x-mixed-replace` answer, until the run ends."""
    shown: FrameEvent | None = None
    with view.viewer():
        yield PART_HEAD
        while not view.ended:
            newest = await encoder.newest(layers)
            if newest is not None:
                shown, jpeg = newest
                yield jpeg + b"\r\n" + PART_HEAD  # a browser shows a picture once it has the head of the next one
                await asyncio.sleep(PERIOD_S)
            await encoder.wait_for_other(shown)


async def event_stream(view: LiveView) -> AsyncIterator[bytes]:
    """Give server-sent events, until the run ends: `reading` and `record` as they come, and `status` once a second."""
    last = max((reading.number for reading in view.readings_after(0)), default=0)
    last, status_at_s = max(last - HISTORY, 0), 0.0
    with view.viewer():
        while not view.ended:
            for reading in view.readings_after(last):
                last = reading.number
                yield _event("record" if isinstance(reading, LiveRecord) else "reading", reading)
            if time.monotonic() - status_at_s >= STATUS_PERIOD_S:
                status_at_s = time.monotonic()
                yield _event("status", view.status())
            await asyncio.sleep(EVENTS_PERIOD_S)


def _event(name: str, content: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(content) + b"\n\n"
