"""A candidate and what is around it: whether it stands on its own or is part of a letter, a line or another digit.

A glyph shows a candidate's own ink, and nothing else. Here its ink lies in the middle of a window that is two of its
sizes high and three wide, and a second channel shows all ink of that window, lines and neighbours included.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.candidates import Candidate
from agent.vision.cut import own_ink
from agent.vision.ink import Ink

HEIGHT_PX, WIDTH_PX = 32, 48
INNER_PX = 16
"""Longer side of a candidate's box in the window."""
CHANNELS = 2

Strength = NDArray[np.uint8]


def cut_surroundings(ink: Ink, candidates: Sequence[Candidate]) -> NDArray[np.uint8]:
    """Windows around candidates, uint8 (n, 2, 32, 48), bright ink on 0: own ink, all ink.

    Args:
        ink: of the picture.
        candidates: found in it.
    """
    levels = [ink.strength]
    windows = np.zeros((len(candidates), CHANNELS, HEIGHT_PX, WIDTH_PX), np.uint8)
    for window, candidate in zip(windows, candidates, strict=True):
        scale = INNER_PX / max(candidate.box.w, candidate.box.h)
        _place_own(window[0], own_ink(ink, candidate), scale)
        _look_around(window[1], levels, candidate.box.centre, scale)
    return windows


def _place_own(window: Strength, ink: Strength, scale: float) -> None:
    """Put a candidate's ink, uint8 (h, w), into the middle of a window."""
    w, h = (max(1, round(side * scale)) for side in ink.shape[::-1])
    small = cv2.resize(ink, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    y, x = round((HEIGHT_PX - h) / 2), round((WIDTH_PX - w) / 2)
    window[y : y + h, x : x + w] = small


def _look_around(window: Strength, levels: list[Strength], middle: tuple[float, float], scale: float) -> None:
    """Draw all ink around a point into a window; `levels` gains what smaller pictures it needs."""
    level = 0
    while scale * 2**level < 0.6:  # beyond that, warping skips pixels
        level += 1
    while len(levels) <= level:
        levels.append(np.asarray(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8))
    source = levels[level]
    across, down = (scale * levels[0].shape[axis] / source.shape[axis] for axis in (1, 0))
    shift_x, shift_y = WIDTH_PX / 2 - scale * middle[0], HEIGHT_PX / 2 - scale * middle[1]
    matrix = np.array([[across, 0, shift_x], [0, down, shift_y]])
    cv2.warpAffine(source, matrix, (WIDTH_PX, HEIGHT_PX), dst=window, flags=cv2.INTER_LINEAR)
