"""Digits that touch: cut wide components along seams that cross as little ink as they can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

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
WALL = 1e6
"""Ink that no seam crosses."""


def split_each(masks: Sequence[Mask]) -> Iterator[list[Mask]]:
    """The parts of each component between its seams, from left to right, each uint8 (h, w) of 0 and 1.

    The components are walked side by side, with walls between them: row after row costs time, but hardly their width.

    Args:
        masks: uint8 (h, w) of 0 and 1, each cropped to its component.
    """
    if not masks:
        return
    inks = [_at_working_height(mask) for mask in masks]
    widths = [ink.shape[1] for ink in inks]
    starts = np.cumsum([0, *(width + 1 for width in widths[:-1])]).tolist()
    walled = np.full((WORKING_PX, starts[-1] + widths[-1]), WALL, np.float32)
    for ink, start, width in zip(inks, starts, widths, strict=True):
        walled[:, start : start + width] = ink
    cost, came_from = _walk(walled)
    arrivals = np.flatnonzero(cost <= MOST_COST)
    paths = _trace(came_from, arrivals)
    for mask, start, width in zip(masks, starts, widths, strict=True):
        own = slice(*np.searchsorted(arrivals, (start, start + width)))
        yield _part(mask, _choose(paths[:, own] - start, cost[arrivals[own]], width))


def _at_working_height(mask: Mask) -> Floats:
    h, w = mask.shape
    size = max(3, round(w * WORKING_PX / h)), WORKING_PX
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def _walk(ink: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """The least cost of a way from the top to each column of the last row, and each step's origin (-1, 0, 1)."""
    h, w = ink.shape
    above = np.full((h - 1, w + 2), WALL, np.float32)
    above[:, 1:-1] = ink[:-1]
    # Every step, from the upper left, from above, from the upper right, pays for the stroke that it enters.
    steps = ink[1:, None] - _three_each(above)
    np.maximum(steps, 0, out=steps)
    steps *= ENTRY
    steps[:, ::2] += SIDE_STEP
    cost = np.full((h, w + 2), np.inf, np.float32)
    cost[0, 1:-1] = (LENGTH + ENTRY) * ink[0]
    # A row costs hardly more than its calls of NumPy, so there are but three: a step becomes the way that ends with it.
    for before, ways, toll, here in zip(_three_each(cost), steps, LENGTH * ink[1:], cost[1:, 1:-1], strict=False):
        np.add(before, ways, ways)
        np.add(np.minimum.reduce(ways, 0), toll, here)
    left, straight, right = steps.swapaxes(0, 1)
    came_from = (straight < left).astype(np.intp) - 1
    came_from[right < np.minimum(left, straight)] = 1
    return cost[-1, 1:-1], came_from


def _three_each(rows: Floats) -> Floats:
    """Of each row the column before, the column itself and the one after, a view of (h, w + 2) as (h, 3, w)."""
    (h, w), (down, across) = rows.shape, rows.strides
    return np.lib.stride_tricks.as_strided(rows, (h, 3, w - 2), (down, across, across))


def _trace(came_from: NDArray[np.intp], arrivals: NDArray[np.intp]) -> NDArray[np.intp]:
    """The ways to columns of the last row, intp (h, n) of columns.

    Args:
        came_from: the origin (-1, 0, 1) of each step to all rows but the first, intp (h - 1, w).
        arrivals: columns of the last row, intp (n,).
    """
    origins = came_from + np.arange(came_from.shape[1])
    paths = np.empty((len(origins) + 1, len(arrivals)), np.intp)
    paths[-1] = arrivals
    for origin, path, above in zip(origins[::-1], paths[:0:-1], paths[-2::-1], strict=True):
        origin.take(path, out=above, mode="clip")  # which takes straight into `above`; there is nothing to clip
    return paths


def _choose(paths: NDArray[np.intp], cost: Floats, width: int) -> list[NDArray[np.intp]]:
    """The cheapest seams of a component, each intp (h,) of columns, that keep their distance."""
    h = len(paths)
    margin = max(2, round(0.08 * h))
    open_to = (paths.min(axis=0) >= margin) & (paths.max(axis=0) < width - margin)
    chosen: list[NDArray[np.intp]] = []
    while open_to.any() and len(chosen) < MOST_SEAMS:
        path = paths[:, np.argmin(np.where(open_to, cost, np.inf))]
        chosen.append(path)
        open_to &= np.abs(paths - path[:, None]).mean(axis=0) >= SPACING * h
    return chosen


def _part(mask: Mask, seams: Sequence[NDArray[np.intp]]) -> list[Mask]:
    """What lies between seams."""
    if not seams:
        return [mask]
    h, w = mask.shape
    factor = WORKING_PX / h
    rows = np.minimum((np.arange(h) * factor).astype(int), WORKING_PX - 1)
    seams_left_of = np.zeros((h, w), np.uint8)
    for path in seams:
        seams_left_of += np.arange(w) >= (path[rows] / factor)[:, None]
    return [np.asarray(mask & (seams_left_of == part), np.uint8) for part in range(len(seams) + 1)]
