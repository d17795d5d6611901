"""A box in a picture, in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """Left, top, width and height in pixels of the upright picture."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        return self.x + self.w

    @property
    def bottom(self) -> int:
        return self.y + self.h

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        w = min(self.right, other.right) - max(self.x, other.x)
        h = min(self.bottom, other.bottom) - max(self.y, other.y)
        if w <= 0 or h <= 0:
            return 0.0
        return w * h / (self.w * self.h + other.w * other.h - w * h)


def around(a: Box, b: Box) -> Box:
    """The smallest box around both."""
    x, y = min(a.x, b.x), min(a.y, b.y)
    return Box(x, y, max(a.right, b.right) - x, max(a.bottom, b.bottom) - y)


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them (at least one)."""
    return reduce(around, boxes)


def shared_areas(boxes: Sequence[Box]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """The pairs of boxes that overlap, intp (n,) and intp (n,), and the area that each pair shares, int64 (n,)."""
    sides = np.array(boxes, np.int64).reshape(-1, 4)
    order = np.argsort(sides[:, 0], kind="stable")
    x, y, w, h = sides[order].T
    one, other = overlapping(x, x + w)
    across = np.minimum((x + w)[one], (x + w)[other]) - x[other]
    down = np.minimum((y + h)[one], (y + h)[other]) - np.maximum(y[one], y[other])
    real = (across > 0) & (down > 0)
    return order[one[real]], order[other[real]], across[real] * down[real]


def overlapping(starts: NDArray[Any], ends: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of intervals, sorted by their starts, of which the second starts before the first has ended."""
    count = np.searchsorted(starts, ends, side="right") - np.arange(len(starts)) - 1
    one = np.repeat(np.arange(len(starts)), count)
    before = np.repeat(np.cumsum(count) - count, count)
    return one, one + 1 + np.arange(len(one)) - before
