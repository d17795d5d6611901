"""Pen strokes recovered from the pixels of a digit, so that it can be drawn again with any pen, at any size."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.strokes import Stroke, catmull_rom

UPSCALE = 2
"""Factor by which a glyph is enlarged before it is thinned. Chosen by trial."""
MIN_BRANCH_PX = 5
"""Branches of the enlarged skeleton up to this length are dropped: they come from the thinning. Chosen by trial."""
MAX_UNEXPLAINED = 0.03
"""Largest share of the ink that a pen of one width along the skeleton may miss. Chosen by trial."""
POINT_SPACING_PX = 4
"""Distance of the spline's points along the enlarged skeleton. Raising it smooths the strokes. Chosen by trial."""

_NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""Offsets (y, x) of the eight neighbours, clockwise from the upper one. Neighbour i has bit i of a pattern."""
_BITS = np.zeros((3, 3), np.float32)
for _bit, (_y, _x) in enumerate(_NEIGHBOURS):
    _BITS[1 + _y, 1 + _x] = 1 << _bit


def _keep_table(first: bool) -> NDArray[np.uint8]:
    """Return a table, uint8 (256,): 0 for each pattern of neighbours for which a subiteration removes the pixel.

    Source: Zhang and Suen, A Fast Parallel Algorithm for Thinning Digital Patterns, CACM 27, 1984, p. 236.

    Args:
        first: whether it is the first or the second of the two subiterations.
    """
    table = np.ones(256, np.uint8)
    for code in range(256):
        p = [code >> i & 1 for i in range(8)]
        rises = sum(a < b for a, b in zip(p, p[1:] + p[:1], strict=True))
        up, right, down, left = p[0], p[2], p[4], p[6]
        open_sides = (
            not (up and right and down) and not (right and down and left)
            if first
            else not (up and right and left) and not (up and down and left)
        )
        table[code] = not (2 <= sum(p) <= 6 and rises == 1 and open_sides)
    return table


_SUBITERATIONS = (_keep_table(True), _keep_table(False))


def thin(ink: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the skeleton of a mask after Zhang and Suen, uint8 (h, w): 1 on lines one pixel wide."""
    image = ink.astype(np.uint8)
    while True:
        before = cv2.countNonZero(image)
        for table in _SUBITERATIONS:
            code = cv2.filter2D(image, cv2.CV_8U, _BITS, borderType=cv2.BORDER_CONSTANT)
            image = np.asarray(cv2.bitwise_and(image, cv2.LUT(code, table)), np.uint8)
        if cv2.countNonZero(image) == before:
            return image


def trace_strokes(glyph: NDArray[np.uint8]) -> list[Stroke]:
    """Return the strokes of a glyph, uint8 (28, 28), scaled to height 1; empty if they cannot be recovered."""
    ink = np.asarray(cv2.resize(glyph, None, fx=UPSCALE, fy=UPSCALE, interpolation=cv2.INTER_CUBIC)) > 110
    skeleton = thin(ink)
    lines = _follow_lines(skeleton) if _explains(skeleton, ink) else []
    if not lines:
        return []
    points = np.concatenate(lines)
    low, height = points.min(axis=0), max(float(np.ptp(points[:, 1])), 1.0)
    return [catmull_rom((_resample(line) - low) / height) for line in lines]


def _explains(skeleton: NDArray[np.uint8], ink: NDArray[np.bool_]) -> bool:
    """Whether a pen of one width along the skeleton covers the ink. It does not if a loop is filled with ink."""
    inked = int(ink.sum())
    pen_px = inked // max(1, int(skeleton.sum())) // 2 * 2 + 3
    drawn = cv2.dilate(skeleton, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen_px, pen_px)))
    return int((ink & (np.asarray(drawn) == 0)).sum()) <= MAX_UNEXPLAINED * inked


def _resample(line: Stroke) -> Stroke:
    """Return points of a line at about `POINT_SPACING_PX`, each the mean of three neighbours; the ends stay."""
    gaps = max(1, round((len(line) - 1) / POINT_SPACING_PX))
    smoothed = line.copy()
    smoothed[1:-1] = (line[:-2] + line[1:-1] + line[2:]) / 3
    return np.asarray(smoothed[np.rint(np.linspace(0, len(line) - 1, gaps + 1)).astype(int)])


def _follow_lines(skeleton: NDArray[np.uint8]) -> list[Stroke]:
    """Return the lines of a skeleton, float64 (n, 2) x and y.

    They go straight on at crossings, and cover all pixels except those of short branches.
    """
    ys, xs = np.nonzero(skeleton)
    neighbours = cv2.filter2D(skeleton, cv2.CV_8U, np.ones((3, 3), np.float32), borderType=cv2.BORDER_CONSTANT)
    ends_first = np.argsort(neighbours[ys, xs], kind="stable")
    unvisited = dict.fromkeys(zip(ys[ends_first].tolist(), xs[ends_first].tolist(), strict=True))
    visited: set[tuple[int, int]] = set()
    lines: list[Stroke] = []
    while unvisited:
        start = next(iter(unvisited))
        line = [start]
        del unvisited[start]
        while (step := _next_pixel(line, unvisited)) is not None:
            line.append(step)
            del unvisited[step]
        line = _touching_pixel(line[0], visited) + line + _touching_pixel(line[-1], visited | set(line[:-6]))
        if len(line) > MIN_BRANCH_PX or not lines:
            visited.update(line)
            lines.append(np.array(line, np.float64)[:, ::-1])
    return [line for line in lines if len(line) > 1]


def _next_pixel(line: list[tuple[int, int]], unvisited: dict[tuple[int, int], None]) -> tuple[int, int] | None:
    """Return the unvisited neighbour of the line's end that changes its direction least; None if there is none."""
    y, x = line[-1]
    near = [(y + dy, x + dx) for dy, dx in _NEIGHBOURS if (y + dy, x + dx) in unvisited]
    if not near:
        return None
    if len(near) == 1:
        return near[0]
    back_y, back_x = line[max(0, len(line) - 5)]
    return max(near, key=lambda p: ((p[0] - y) * (y - back_y) + (p[1] - x) * (x - back_x)) / math.dist(p, line[-1]))


def _touching_pixel(end: tuple[int, int], visited: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a visited pixel that touches this end, as a list, so that the lines meet; empty if there is none."""
    return next(([(end[0] + y, end[1] + x)] for y, x in _NEIGHBOURS if (end[0] + y, end[1] + x) in visited), [])
