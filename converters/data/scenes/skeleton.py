"""The pen's way through a digit that is given as pixels, so that it can be written again with any pen, at any size."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from converters.data.scenes.strokes import Stroke, smooth

FACTOR = 2
SPUR_PX = 5
"""Shorter branches of an enlarged skeleton are traces of the thinning, not of the pen."""
UNEXPLAINED = 0.03
"""No more of the ink than that may lie beside the skeleton's pen."""
EVERY = 4
"""Every so many pixels of a skeleton the spline has a point."""

_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""The eight neighbours (y, x), clockwise from the upper one, which has the lowest bit."""
_BITS = np.zeros((3, 3), np.float32)
for _bit, (_y, _x) in enumerate(_RING):
    _BITS[1 + _y, 1 + _x] = 1 << _bit


def _kept(first: bool) -> NDArray[np.uint8]:
    """For each pattern of neighbours 0 where Zhang and Suen's half step removes the pixel (CACM 27, 1984, p. 236)."""
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


_HALF_STEPS = (_kept(True), _kept(False))


def thin(ink: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Zhang and Suen's thinning; uint8 (h, w), 1 on lines one pixel wide."""
    image = ink.astype(np.uint8)
    while True:
        before = cv2.countNonZero(image)
        for table in _HALF_STEPS:
            code = cv2.filter2D(image, cv2.CV_8U, _BITS, borderType=cv2.BORDER_CONSTANT)
            image = np.asarray(cv2.bitwise_and(image, cv2.LUT(code, table)), np.uint8)
        if cv2.countNonZero(image) == before:
            return image


def trace(glyph: NDArray[np.uint8]) -> list[Stroke]:
    """The pen's paths through a glyph, uint8 (28, 28), scaled to height 1; none where they cannot be told."""
    ink = np.asarray(cv2.resize(glyph, None, fx=FACTOR, fy=FACTOR, interpolation=cv2.INTER_CUBIC)) > 110
    skeleton = thin(ink)
    lines = _walk(skeleton) if _explains(skeleton, ink) else []
    if not lines:
        return []
    every = np.concatenate(lines)
    low, height = every.min(axis=0), max(float(np.ptp(every[:, 1])), 1.0)
    return [smooth((_thinned_out(line) - low) / height) for line in lines]


def _explains(skeleton: NDArray[np.uint8], ink: NDArray[np.bool_]) -> bool:
    """Whether a pen of one width along the skeleton leaves this ink; it does not where a loop has run full."""
    inked = int(ink.sum())
    pen = inked // max(1, int(skeleton.sum())) // 2 * 2 + 3
    drawn = cv2.dilate(skeleton, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen, pen)))
    return int((ink & (np.asarray(drawn) == 0)).sum()) <= UNEXPLAINED * inked


def _thinned_out(line: Stroke) -> Stroke:
    """Every fourth point, evenly, each the mean of its neighbourhood; the ends stay."""
    gaps = max(1, round((len(line) - 1) / EVERY))
    soft = line.copy()
    soft[1:-1] = (line[:-2] + line[1:-1] + line[2:]) / 3
    return np.asarray(soft[np.rint(np.linspace(0, len(line) - 1, gaps + 1)).astype(int)])


def _walk(skeleton: NDArray[np.uint8]) -> list[Stroke]:
    """Follow the lines of a skeleton, straight on at crossings, until every pixel has been passed."""
    ys, xs = np.nonzero(skeleton)
    neighbours = cv2.filter2D(skeleton, cv2.CV_8U, np.ones((3, 3), np.float32), borderType=cv2.BORDER_CONSTANT)
    ends_first = np.argsort(neighbours[ys, xs], kind="stable")
    left = dict.fromkeys(zip(ys[ends_first].tolist(), xs[ends_first].tolist(), strict=True))
    passed: set[tuple[int, int]] = set()
    lines: list[Stroke] = []
    while left:
        start = next(iter(left))
        line = [start]
        del left[start]
        while (step := _next(line, left)) is not None:
            line.append(step)
            del left[step]
        line = _joined(line[0], passed) + line + _joined(line[-1], passed | set(line[:-6]))
        if len(line) > SPUR_PX or not lines:
            passed.update(line)
            lines.append(np.array(line, np.float64)[:, ::-1])
    return [line for line in lines if len(line) > 1]


def _next(line: list[tuple[int, int]], left: dict[tuple[int, int], None]) -> tuple[int, int] | None:
    """The neighbour still to be passed that lies straightest ahead."""
    y, x = line[-1]
    near = [(y + dy, x + dx) for dy, dx in _RING if (y + dy, x + dx) in left]
    if not near:
        return None
    if len(near) == 1:
        return near[0]
    back_y, back_x = line[max(0, len(line) - 5)]
    return max(near, key=lambda p: ((p[0] - y) * (y - back_y) + (p[1] - x) * (x - back_x)) / math.dist(p, line[-1]))


def _joined(end: tuple[int, int], passed: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """A pixel passed before that touches this end, if there is one: there the lines meet."""
    return next(([(end[0] + y, end[1] + x)] for y, x in _RING if (end[0] + y, end[1] + x) in passed), [])
