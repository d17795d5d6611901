"""Turned pages: how far lines slope, and ink turned back so that they run level.

Lines of text, ruled lines and the borders of boxes all make the sums of an ink's rows rise and fall most steeply when
they run level: the angle at which they do is the page's (projection profiles, as in H. Baird, The skew angle of
printed documents, 1987). Boxes and rules can then be told by their runs, and digits stand as they were learnt.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.ink import Ink

SMALL_PX = 320
"""Longest side of the small picture on which the angle is sought."""
MOST_DEG = 24.0
COARSE_DEG, FINE_DEG = 2.0, 0.5
LEAST_PX = 240
"""A picture whose shorter side, at its working scale, is less holds a line or two: their own slope says nothing."""
LEAST_DEG = 2.0
"""Less is left as it is: the segmenter bears it, and a picture that stands upright stays untouched."""
CLEARLY = 1.6
"""The profile must be this much steeper than that of the picture as it stands."""


def deskew(ink: Ink) -> Ink:
    """The ink with its lines level; the same one where they already are, or nothing tells."""
    tilt = skew_deg(ink)
    if abs(tilt) < LEAST_DEG:
        return ink
    h, w = ink.strength.shape
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), tilt, 1.0)
    wide, high = (round(float(v)) for v in np.abs(turn[:, :2]) @ (w, h))
    turn[:, 2] += (wide - w) / 2, (high - h) / 2
    turned = cv2.warpAffine(ink.strength, turn, (wide, high), flags=cv2.INTER_LINEAR)
    back = np.asarray(cv2.invertAffineTransform(turn), np.float64)
    return replace(ink, strength=np.asarray(turned, np.uint8), turned_back=back)


def skew_deg(ink: Ink) -> float:
    """By how many degrees lines rise to the left, -26..26, or 0 where nothing tells."""
    if min(ink.strength.shape) < LEAST_PX:
        return 0.0
    _, mask = cv2.threshold(ink.strength, ink.threshold, 255, cv2.THRESH_BINARY)  # without the paper's texture
    scale = min(1.0, SMALL_PX / max(mask.shape))
    small = np.asarray(cv2.resize(mask, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
    coarse = np.arange(-MOST_DEG, MOST_DEG + COARSE_DEG / 2, COARSE_DEG)
    best = max(coarse.tolist(), key=lambda angle: _steepness(small, angle))
    fine = best + np.arange(-COARSE_DEG, COARSE_DEG + FINE_DEG / 2, FINE_DEG)
    best = max(fine.tolist(), key=lambda angle: _steepness(small, angle))
    return best if _steepness(small, best) > CLEARLY * _steepness(small, 0.0) else 0.0


def _steepness(small: NDArray[np.float32], angle: float) -> float:
    """How steeply the sums of a picture's rows rise and fall once it is turned."""
    h, w = small.shape
    side = max(h, w)
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), angle, 1.0)
    turn[:, 2] += (side - w) / 2, (side - h) / 2
    rows = cv2.warpAffine(small, turn, (side, side), flags=cv2.INTER_LINEAR).sum(axis=1)
    return float(np.square(np.diff(rows)).sum())
