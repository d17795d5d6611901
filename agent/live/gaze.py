"""How thoroughly each frame is looked at: not at all, quickly, or thoroughly.

A thorough look finds more and costs more. A picture that came to rest gets one at once; while it moves it gets one
a second; and the board's budget says how often it can be afforded. A picture that rests needs no second look.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.page import QUICK, THOROUGH, Depth

SMALL_PX = 128
"""Longest side of the small picture that tells whether anything changed."""
SAME_LEVELS = 10
"""Two small pictures are the same when no pixel differs by more grey levels: a stroke of a pencil does."""
PERIOD_S = 1.0
"""While the picture moves, a thorough look is due after so long."""
THOROUGH_SHARE = 0.25
"""Of the budget of all frames that thorough looks may take."""


def shrink(image: NDArray[np.uint8]) -> NDArray[np.int16]:
    """A small grey picture, int16 (h, w) of 0..255, of a BGR one, uint8 (H, W, 3)."""
    h, w = image.shape[:2]
    scale = min(1.0, SMALL_PX / max(h, w))
    size = max(1, round(w * scale)), max(1, round(h * scale))
    return cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY).astype(np.int16)


def is_same(a: NDArray[np.int16] | None, b: NDArray[np.int16]) -> bool:
    """Whether two small pictures show the same; how bright they are as a whole does not matter."""
    if a is None or a.shape != b.shape:
        return False
    difference = a - b
    return int(np.abs(difference - round(float(difference.mean()))).max()) <= SAME_LEVELS


@dataclass(frozen=True, eq=False)
class _Seen:
    """A frame that was looked at."""

    small: NDArray[np.int16]
    at_s: float


class Gaze:
    """Chooses the depth of each look.

    Args:
        frame_ms: the board's budget for a frame.
    """

    def __init__(self, frame_ms: float) -> None:
        self._frame_ms = frame_ms
        self._last: NDArray[np.int16] | None = None
        self._read: _Seen | None = None
        self._thorough: _Seen | None = None
        self._debt_ms = 0.0

    def depth(self, image: NDArray[np.uint8], at_s: float) -> Depth | None:
        """How to look at the next frame; None where it shows what the last one that was read shows.

        Args:
            image: BGR, uint8 (H, W, 3).
            at_s: when it was taken, in seconds.
        """
        small = shrink(image)
        rests, self._last = is_same(self._last, small), small
        self._debt_ms = max(0.0, self._debt_ms - THOROUGH_SHARE * self._frame_ms)
        if self._thorough is not None and is_same(self._thorough.small, small):
            return None
        due = rests or self._thorough is None or at_s - self._thorough.at_s >= PERIOD_S
        if due and not self._debt_ms:
            self._read = self._thorough = _Seen(small, at_s)
            return THOROUGH
        if self._read is not None and is_same(self._read.small, small):
            return None
        self._read = _Seen(small, at_s)
        return QUICK

    def cost(self, depth: Depth, took_ms: float) -> None:
        """Say what a look took."""
        if depth is THOROUGH:
            self._debt_ms += took_ms
