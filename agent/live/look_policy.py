"""Choice of the depth of each look: thorough, quick, or none.

A thorough look finds more and costs more. A picture that has come to rest gets one at once, a moving picture gets one
a second, or one in two seconds while it shows nothing new, and the board's budget limits how often it is affordable.
A resting picture is not analysed again after it.

If all digits in view are known and the picture only moved, most frames are followed instead: their shift since the last
look is estimated from thumbnails (phase correlation: C. Kuglin and D. Hines, The phase correlation image alignment
method, 1975), which costs a tenth of a quick look.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.pipeline import QUICK, THOROUGH, Depth

THUMBNAIL_PX = 128
"""Longest side of the thumbnails that are compared, in pixels. Raising it detects thinner strokes. A guess;
`docs/thresholds.md` has its effect."""
MAX_DIFFERENCE = 10
"""Largest difference of any pixel between two equal thumbnails, in grey levels 0..255; a pencil stroke exceeds it.
Raising it overlooks fainter strokes. A guess; `docs/thresholds.md` has its effect."""
PERIOD_S = 1.0
"""Time between two thorough looks at a moving picture, in seconds. Raising it saves time and delays what only thorough
looks read. Chosen by trial."""
KNOWN_PERIOD_S = 2.0
"""The same while the last thorough look knew all digits in view, and each look finds them. Raising it saves time, and
finds later what is written meanwhile and only thorough looks read. Chosen by trial: with 4 seconds two of the 190
numbers of twenty rendered videos were not announced that are with 2."""
THOROUGH_SHARE = 0.25
"""Share of the time budget of all frames that thorough looks may take. Raising it makes them more frequent. Not tuned.
The sensitivity run found no effect at ±20 %."""

LOOK_PERIOD_S = 0.13
"""Time between two looks at a picture that only moves and whose digits are known, in seconds. Raising it saves time,
and finds new digits later. A guess that was never measured."""
MIN_RESPONSE = 0.5
"""The picture only moved if its phase correlation with that of the last look has at least this peak, 0..1. Raising it
looks at more frames. Measured: 95 % of 1,008 frames of three rendered videos have 0.56 or more, and the lowest 1 % have
0.03 to 0.28."""
MAX_FOLLOWED_SHIFT = 0.05
"""A picture is followed until it moved by this share of its longer side since the last look. Raising it looks at fewer
frames of a fast motion, after which the tracker may not know the page any more. Chosen by trial: with neither
a limit nor looks after a missed digit, a number in one of eleven rendered videos was announced twice."""

Thumbnail = NDArray[np.int16]
"""Small grey picture, int16 (h, w) of 0..255."""


def thumbnail(image: NDArray[np.uint8]) -> Thumbnail:
    """Return a small grey version of a BGR picture, uint8 (H, W, 3). A small picture is not enlarged."""
    h, w = image.shape[:2]
    scale = min(1.0, THUMBNAIL_PX / max(h, w))
    size = max(1, round(w * scale)), max(1, round(h * scale))
    return cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA).astype(np.int16)


def is_same(a: Thumbnail | None, b: Thumbnail) -> bool:
    """Whether two thumbnails show the same, apart from a difference in overall brightness."""
    if a is None or a.shape != b.shape:
        return False
    difference = a - b
    return int(np.abs(difference - round(float(difference.mean()))).max()) <= MAX_DIFFERENCE


def find_shift(before: Thumbnail | None, now: Thumbnail) -> complex | None:
    """Return how far a picture moved, x + iy in pixels of the thumbnails; None if it shows something else."""
    if before is None or before.shape != now.shape or min(now.shape) < 2:
        return None
    window = cv2.createHanningWindow(now.shape[::-1], cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(before.astype(np.float32), now.astype(np.float32), window)
    return complex(x, y) if response >= MIN_RESPONSE else None


class Look(NamedTuple):
    """How the next frame is looked at."""

    depth: Depth | None
    """None if it shows nothing that is not known, so that it needs no look."""
    shift: complex = 0.0
    """How far the picture moved since the last look if there is none now, x + iy in pixels."""


class LookPolicy:
    """Chooses the depth of each look.

    Args:
        frame_ms: time budget of the board for a frame, in milliseconds.
    """

    def __init__(self, frame_ms: float) -> None:
        self._frame_ms = frame_ms
        self._previous: Thumbnail | None = None
        self._analysed: Thumbnail | None = None
        self._analysed_thoroughly: Thumbnail | None = None
        self._thorough_s = self._look_s = -math.inf
        self._debt_ms = 0.0

    def look(self, image: NDArray[np.uint8], at_s: float, *, known: Depth | None = None) -> Look:
        """Return how to look at the next frame: not at all if its content was analysed thoroughly, or only moved.

        Args:
            image: BGR, uint8 (H, W, 3).
            at_s: time of the capture, in seconds.
            known: None unless the last look found all digits in view, and they were known before it; thorough if the
                last thorough look found them, too.
        """
        current = thumbnail(image)
        at_rest, self._previous = is_same(self._previous, current), current
        self._debt_ms = max(0.0, self._debt_ms - THOROUGH_SHARE * self._frame_ms)
        thoroughly = is_same(self._analysed_thoroughly, current)
        if thoroughly and is_same(self._analysed, current):
            return Look(None)
        period_s = KNOWN_PERIOD_S if known is THOROUGH else PERIOD_S
        due = (at_rest and not thoroughly) or at_s - self._thorough_s >= period_s
        is_thorough = due and not self._debt_ms
        if known is not None and not is_thorough and at_s - self._look_s < LOOK_PERIOD_S:
            shift = find_shift(self._analysed, current)
            if shift is not None and abs(shift) <= MAX_FOLLOWED_SHIFT * max(current.shape):
                return Look(None, shift * image.shape[1] / current.shape[1])
        self._analysed, self._look_s = current, at_s
        if not is_thorough:
            return Look(QUICK)
        self._analysed_thoroughly, self._thorough_s = current, at_s
        return Look(THOROUGH)

    def forget(self) -> None:
        """Forget what was analysed and what it cost, so that the next look is thorough."""
        self._analysed = self._analysed_thoroughly = None
        self._thorough_s = self._look_s = -math.inf
        self._debt_ms = 0.0

    def add_cost(self, depth: Depth, took_ms: float) -> None:
        """Charge the duration of a look to the budget."""
        if depth is THOROUGH:
            self._debt_ms += took_ms
