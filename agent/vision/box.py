"""Boxes in a picture, in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import add
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """Axis-aligned box in pixels; x goes right and y goes down."""

    x: int
    """Left edge."""
    y: int
    """Top edge."""
    w: int
    """Width."""
    h: int
    """Height."""

    @property
    def right(self) -> int:
        """Right edge, excluded."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """Bottom edge, excluded."""
        return self.y + self.h

    @property
    def centre(self) -> tuple[float, float]:
        """The centre, x and y."""
        return self.x + self.w / 2, self.y + self.h / 2

    def iou(self, other: Box) -> float:
        """Return the intersection over union with another box, 0..1."""
        w = min(self.right, other.right) - max(self.x, other.x)
        h = min(self.bottom, other.bottom) - max(self.y, other.y)
        if w <= 0 or h <= 0:
            return 0.0
        return w * h / (self.w * self.h + other.w * other.h - w * h)


def union_of_two(a: Box, b: Box) -> Box:
    """Return the smallest box around two boxes."""
    x, y = min(a.x, b.x), min(a.y, b.y)
    return Box(x, y, max(a.right, b.right) - x, max(a.bottom, b.bottom) - y)


def union(boxes: Iterable[Box]) -> Box:
    """Return the smallest box around all boxes; there must be at least one."""
    left, top, w, h = zip(*boxes, strict=True)
    x, y = min(left), min(top)
    return Box(x, y, max(map(add, left, w)) - x, max(map(add, top, h)) - y)


def shared_areas(boxes: Sequence[Box]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Return the pairs of boxes that overlap.

    Returns:
        Indices of the one box of each pair, intp (n,), of the other box, intp (n,), and the area that they share,
        int64 (n,).
    """
    sides = np.array(boxes, np.int64).reshape(-1, 4)
    order = np.argsort(sides[:, 0], kind="stable")
    x, y, w, h = sides[order].T
    one, other = overlapping_intervals(x, x + w)
    shared_w = np.minimum((x + w)[one], (x + w)[other]) - x[other]
    shared_h = np.minimum((y + h)[one], (y + h)[other]) - np.maximum(y[one], y[other])
    overlaps = (shared_w > 0) & (shared_h > 0)
    return order[one[overlaps]], order[other[overlaps]], shared_w[overlaps] * shared_h[overlaps]


def overlapping_intervals(starts: NDArray[Any], ends: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of intervals whose second one starts at or before the end of the first one.

    Args:
        starts: starts of the intervals, (n,), sorted.
        ends: ends of the same intervals, (n,).

    Returns:
        Indices of the first and of the second interval of each pair, each intp (m,).
    """
    count = np.searchsorted(starts, ends, side="right") - np.arange(len(starts)) - 1
    one = np.repeat(np.arange(len(starts)), count)
    before = np.repeat(np.cumsum(count) - count, count)
    return one, one + 1 + np.arange(len(one)) - before
