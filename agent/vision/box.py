"""A box in a picture, in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

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

    def overlap(self, other: Box) -> float:
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


def intersections(boxes: Sequence[Box]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The area that each two boxes share, int64 (n, n), and each one's own, int64 (n,)."""
    x, y, w, h = np.array(boxes, np.int64).reshape(-1, 4).T
    across = np.minimum(x + w, (x + w)[:, None]) - np.maximum(x, x[:, None])
    down = np.minimum(y + h, (y + h)[:, None]) - np.maximum(y, y[:, None])
    return np.maximum(across, 0) * np.maximum(down, 0), w * h
