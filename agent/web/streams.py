"""Streams for those who look: pictures and events. Each takes the newest whenever its client is ready for more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import cv2
import msgspec
import numpy as np
from starlette.concurrency import run_in_threadpool

from agent.events import FrameEvent
from agent.vision.overlay import draw_readings
from agent.web.live_view import LiveRecord, LiveView

PERIOD_S = 0.1
"""Shortest time between two pictures, in seconds. Lowering it takes more of the processor while somebody looks."""
EVENTS_PERIOD_S = 0.25
"""Time between two looks for new readings, in seconds."""
STATUS_PERIOD_S = 1.0
MAX_SIDE_PX = 1280
"""Longest side of a picture; a larger one is made smaller. Raising it takes more of the network."""
JPEG_QUALITY = 80
HISTORY = 20
"""Last readings that a new stream of events begins with."""
BOUNDARY = "frame"


class FrameEncoder:
    """Encodes the newest frame as JPEG, once for all who look, and only if somebody does.

    Args:
        view: the run.
    """

    def __init__(self, view: LiveView) -> None:
        self._view, self._lock = view, asyncio.Lock()
        self._encoded: tuple[FrameEvent, bytes] | None = None

    async def newest(self) -> tuple[FrameEvent, bytes] | None:
        """Return the newest frame and its JPEG, with the readings drawn over it; None before the first frame."""
        async with self._lock:
            frame = self._view.frame
            if frame is None:
                return None
            if self._encoded is None or self._encoded[0] is not frame:
                self._encoded = frame, await run_in_threadpool(_encode, frame)
            return self._encoded


async def picture_stream(view: LiveView, encoder: FrameEncoder) -> AsyncIterator[bytes]:
    """Give the parts of a `multipart/x-mixed-replace` answer, until the run ends."""
    shown: FrameEvent | None = None
    with view.viewer():
        yield f"--{BOUNDARY}\r\n".encode()
        while not view.ended:
            newest = await encoder.newest() if view.frame is not shown else None
            if newest is not None:
                shown, jpeg = newest
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                # A browser shows a part once it has the boundary after it.
                yield head.encode() + jpeg + f"\r\n--{BOUNDARY}\r\n".encode()
            await asyncio.sleep(PERIOD_S)


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


def _encode(frame: FrameEvent) -> bytes:
    assert frame.image is not None
    height, width = frame.image.shape[:2]
    zoom = min(1.0, MAX_SIDE_PX / max(height, width))
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA) if zoom < 1 else frame.image.copy()
    draw_readings(np.asarray(image, np.uint8), frame.page.readings, zoom)
    return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()
