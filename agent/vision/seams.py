"""Digits that touch: cut a wide component along seams that cross as little ink as they can."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

WORKING_PX = 48
"""Height at which seams are looked for: enough to tell strokes, cheap to walk."""
MOST_SEAMS = 8
SPACING = 0.22
"""Least distance between seams, as a share of the height."""
MOST_INK = 0.5
"""A seam may cross ink for at most this share of the height."""
SIDE_STEP = 0.15
"""What a slanting step costs, in pixels of ink."""


def split(mask: Mask) -> Iterator[Mask]:
    """The parts of a component between its seams, from left to right, each uint8 (h, w) of 0 and 1.

    Args:
        mask: uint8 (h, w) of 0 and 1, cropped to the component.
    """
    h, w = mask.shape
    factor = WORKING_PX / h
    width = max(3, round(w * factor))
    small = cv2.resize(mask * 255, (width, WORKING_PX), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    paths = _seams(small)
    if not paths:
        yield mask
        return
    rows = np.minimum((np.arange(h) * factor).astype(int), WORKING_PX - 1)
    seams_left_of = np.zeros((h, w), np.uint8)
    for path in paths:
        seams_left_of += np.arange(w)[None, :] >= (path[rows] / factor)[:, None]
    for part in range(len(paths) + 1):
        yield np.asarray(mask & (seams_left_of == part), np.uint8)


def _seams(ink: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    """The cheapest seams from the top to the bottom, each int64 (h,) of columns, that keep their distance."""
    h, w = ink.shape
    cost, came_from = _walk(ink)
    paths: list[NDArray[np.int64]] = []
    margin = max(2, round(0.08 * h))
    for end in np.argsort(cost, kind="stable"):
        if cost[end] > MOST_INK * h or len(paths) == MOST_SEAMS:
            break
        if not margin <= end < w - margin:
            continue
        path = _trace(came_from, int(end))
        if not all(margin <= x < w - margin for x in (path.min(), path.max())):
            continue
        if all(np.abs(path - other).mean() >= SPACING * h for other in paths):
            paths.append(path)
    return paths


def _walk(ink: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Least ink on the way from the top to each column of the last row, and where each step came from (-1, 0, 1)."""
    h, w = ink.shape
    cost = ink[0].copy()
    came_from = np.zeros((h, w), np.int8)
    wall = np.float32(np.inf)
    for y in range(1, h):
        from_left = np.concatenate(([wall], cost[:-1])) + SIDE_STEP
        from_right = np.concatenate((cost[1:], [wall])) + SIDE_STEP
        best = np.minimum(np.minimum(from_left, from_right), cost)
        came_from[y] = np.where(best == cost, 0, np.where(best == from_left, -1, 1))
        cost = (best + ink[y]).astype(np.float32)
    return cost, came_from


def _trace(came_from: NDArray[np.int8], end: int) -> NDArray[np.int64]:
    h = len(came_from)
    path = np.empty(h, np.int64)
    x = end
    for y in range(h - 1, -1, -1):
        path[y] = x
        x += int(came_from[y, x])
    return path
