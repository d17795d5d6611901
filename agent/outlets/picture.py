"""The picture of the camera for those who see no web page, such as Home Assistant: a JPEG at a low rate."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from agent.events import FrameEvent
from agent.vision.overlay import draw_readings

TOPIC = "picture"
"""Topic of the picture, below that of the board."""
MAX_SIDE_PX = 640
"""Longest side of the picture; a larger one is made smaller. Raising it shows more, and takes more of the network: a
picture has 35 to 50 kB."""
JPEG_QUALITY = 80


class CameraPicture:
    """The newest frame, with its readings drawn over it, encoded at most once in a period.

    The run only leaves its frames here. The thread that asks for the picture encodes it.

    Args:
        period_s: shortest time between two pictures, in seconds.
        clock_s: current time, in seconds.
    """

    def __init__(self, period_s: float, clock_s: Callable[[], float]) -> None:
        self._period_s, self._clock_s = period_s, clock_s
        self._frame: FrameEvent | None = None
        self._given_s = float("-inf")

    def take(self, frame: FrameEvent) -> None:
        """Remember a frame."""
        if frame.image is not None:
            self._frame = frame

    def __call__(self) -> bytes | None:
        """Return a JPEG if it is time for one and there is a new frame, else None."""
        frame, now_s = self._frame, self._clock_s()
        if frame is None or now_s - self._given_s < self._period_s:
            return None
        self._frame, self._given_s = None, now_s
        return encode_picture(frame)


def encode_picture(frame: FrameEvent) -> bytes:
    """Return a frame that has an image with its readings drawn over it, as JPEG."""
    assert frame.image is not None
    height, width = frame.image.shape[:2]
    zoom = min(1.0, MAX_SIDE_PX / max(height, width))
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    canvas = np.asarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA), np.uint8)
    draw_readings(canvas, frame.page.readings, zoom)
    return cv2.imencode(".jpg", canvas, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()
