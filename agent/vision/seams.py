"""Digits that touch: cut a wide component along seams that cross as little ink as they can."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

WORKING_PX = 36
"""Height at which seams are looked for: enough to tell strokes, cheap to walk."""
MOST_SEAMS = 8
SPACING = 0.22
"""Least distance between seams, as a share of the height."""
MOST_COST = 24.0
"""What a seam may cost: crossing two strokes, but not three."""
ENTRY = 8.0
"""What entering a stroke costs: one long joint is a likelier cut than two thin strokes."""
LENGTH = 0.4
"""What each pixel within ink costs."""
SIDE_STEP = 0.15
"""What a slanting step costs."""


def split(mask: Mask) -> Iterator[Mask]:
    """The parts of a component between its seams, from left to right, each uint8 (h, w) of 0 and 1.

    Args:
        mask: uint8 (h, w) of 0 and 1, cropped to the component.
    """
    h, w = mask.shape
    factor = WORKING_PX / h
    width = max(3, round(w * factor))
    small = cv2.resize(mask.astype(np.float32), (width, WORKING_PX), interpolation=cv2.INTER_AREA)
    paths = _seams(np.asarray(small, np.float32))
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
    paths = _trace(came_from)
    margin = max(2, round(0.08 * h))
    open_to = (cost <= MOST_COST) & (paths.min(axis=0) >= margin) & (paths.max(axis=0) < w - margin)
    chosen: list[NDArray[np.int64]] = []
    while open_to.any() and len(chosen) < MOST_SEAMS:
        path = paths[:, np.argmin(np.where(open_to, cost, np.inf))]
        chosen.append(path)
        open_to &= np.abs(paths - path[:, None]).mean(axis=0) >= SPACING * h
    return chosen


def _walk(ink: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """The least cost of a way from the top to each column of the last row, and each step's origin (-1, 0, 1)."""
    h, w = ink.shape
    walled = np.pad(ink, ((0, 0), (1, 1)), constant_values=1)
    # Every step, from the upper left, from above, from the upper right, pays for the stroke that it enters.
    entering = ENTRY * np.maximum(ink[1:, :, None] - sliding_window_view(walled[:-1], 3, axis=1), 0)
    entering[..., [0, 2]] += SIDE_STEP
    came_from = np.zeros((h, w), np.int8)
    cost = np.full(w + 2, np.inf, np.float32)
    cost[1:-1] = (LENGTH + ENTRY) * ink[0]
    before = sliding_window_view(cost, 3)
    for y in range(1, h):
        steps = before + entering[y - 1]
        came_from[y] = steps.argmin(axis=1) - 1
        cost[1:-1] = steps.min(axis=1) + LENGTH * ink[y]
    return cost[1:-1], came_from


def _trace(came_from: NDArray[np.int8]) -> NDArray[np.int64]:
    """The way to every column of the last row, int64 (h, w) of columns."""
    h, w = came_from.shape
    paths = np.empty((h, w), np.int64)
    paths[-1] = np.arange(w)
    for y in range(h - 1, 0, -1):
        paths[y - 1] = paths[y] + came_from[y, paths[y]]
    return paths
