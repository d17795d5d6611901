"""A candidate and what is around it: whether it stands on its own or is part of a letter, a line or another digit.

A glyph shows a candidate's own ink, and nothing else. Here its ink lies in the middle of a window that is two of its
sizes high and three wide, a second channel shows all ink of that window, lines and neighbours included, and a third
one four times as much of the page: running print, a table, a lone number. What lies outside of the picture is grey, so
that half of a letter at its edge is not taken for the whole of a 1.
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
CHANNELS = 3
FURTHER = 4
"""What the third channel shows is so many times as wide and high."""
OUTSIDE = 128
"""Where there is no picture any more, neither paper nor ink."""

Strength = NDArray[np.uint8]


def cut_context(ink: Ink, candidates: Sequence[Candidate]) -> NDArray[np.uint8]:
    """Windows around candidates, uint8 (n, 3, 32, 48), bright ink on 0: own ink, all ink, all ink from afar.

    Args:
        ink: of the picture.
        candidates: found in it.
    """
    levels = [ink.strength]
    windows = np.zeros((len(candidates), CHANNELS, HEIGHT_PX, WIDTH_PX), np.uint8)
    for window, candidate in zip(windows, candidates, strict=True):
        scale = INNER_PX / max(candidate.box.w, candidate.box.h)
        _place_own(window[0], own_ink(ink, candidate), scale)
        draw_context(window[1:], levels, candidate.box.centre, scale)
    return windows


def _place_own(window: Strength, ink: Strength, scale: float) -> None:
    """Put a candidate's ink, uint8 (h, w), into the middle of a window."""
    w, h = (max(1, round(side * scale)) for side in ink.shape[::-1])
    small = cv2.resize(ink, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    y, x = round((HEIGHT_PX - h) / 2), round((WIDTH_PX - w) / 2)
    window[y : y + h, x : x + w] = small


def draw_context(views: Strength, levels: list[Strength], middle: tuple[float, float], scale: float) -> None:
    """Draw all ink around a point, near and from afar, into `views`, uint8 (2, 32, 48).

    Args:
        views: to be filled.
        levels: all ink, uint8 (h, w), alone at first; gains what smaller pictures it needs.
        middle: x and y of the point.
        scale: of the near view.
    """
    for view, size in zip(views, (scale, scale / FURTHER), strict=True):
        level = 0
        while size * 2**level < 0.6:  # beyond that, warping skips pixels
            level += 1
        while len(levels) <= level:
            levels.append(_half(levels[-1]))
        source = levels[level]
        across, down = (size * levels[0].shape[axis] / source.shape[axis] for axis in (1, 0))
        shift_x, shift_y = WIDTH_PX / 2 - size * middle[0], HEIGHT_PX / 2 - size * middle[1]
        matrix = np.array([[across, 0, shift_x], [0, down, shift_y]])
        cv2.warpAffine(source, matrix, (WIDTH_PX, HEIGHT_PX), dst=view, flags=cv2.INTER_LINEAR, borderValue=OUTSIDE)


def _half(picture: Strength) -> Strength:
    size = [max(1, round(side / 2)) for side in picture.shape[::-1]]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
