"""How thoroughly each frame is looked at: not at all, quickly, or thoroughly.

A thorough look finds more and costs more. A picture that came to rest gets one at once; while it moves it gets one
a second; and the board's budget says how often it can be afforded. After it, a picture that rests is not read again.
"""

from __future__ import annotations

import math

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


Small = NDArray[np.int16]
"""A small grey picture, int16 (h, w) of 0..255."""


def shrink(image: NDArray[np.uint8]) -> Small:
    """The small grey picture of a BGR one, uint8 (H, W, 3)."""
    h, w = image.shape[:2]
    scale = min(1.0, SMALL_PX / max(h, w))
    size = max(1, round(w * scale)), max(1, round(h * scale))
    return cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA).astype(np.int16)


def is_same(a: Small | None, b: Small) -> bool:
    """Whether two small pictures show the same; how bright they are as a whole does not matter."""
    if a is None or a.shape != b.shape:
        return False
    difference = a - b
    return int(np.abs(difference - round(float(difference.mean()))).max()) <= SAME_LEVELS


class LookPolicy:
    """Chooses the depth of each look.

    Args:
        frame_ms: the board's budget for a frame.
    """

    def __init__(self, frame_ms: float) -> None:
        self._frame_ms = frame_ms
        self._last: Small | None = None
        self._read: Small | None = None
        self._read_thoroughly: Small | None = None
        self._thorough_s = -math.inf
        self._debt_ms = 0.0

    def depth(self, image: NDArray[np.uint8], at_s: float) -> Depth | None:
        """How to look at the next frame; None where it shows what was read thoroughly already.

        Args:
            image: BGR, uint8 (H, W, 3).
            at_s: when it was taken, in seconds.
        """
        small = shrink(image)
        rests, self._last = is_same(self._last, small), small
        self._debt_ms = max(0.0, self._debt_ms - THOROUGH_SHARE * self._frame_ms)
        thoroughly = is_same(self._read_thoroughly, small)
        if thoroughly and is_same(self._read, small):
            return None
        self._read = small
        due = (rests and not thoroughly) or at_s - self._thorough_s >= PERIOD_S
        if not due or self._debt_ms:
            return QUICK
        self._read_thoroughly, self._thorough_s = small, at_s
        return THOROUGH

    def forget(self) -> None:
        """Look at the next frame as if nothing had been read before."""
        self._read = self._read_thoroughly = None

    def cost(self, depth: Depth, took_ms: float) -> None:
        """Say what a look took."""
        if depth is THOROUGH:
            self._debt_ms += took_ms
