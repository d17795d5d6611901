"""Seams: cut wide components, which may be digits that touch, along paths that cross little ink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

SEAM_HEIGHT_PX = 36
"""Height to which components are scaled for the search. Raising it costs time. Chosen by trial on drawn pages and the
sample pictures."""
MAX_SEAMS = 8
"""Largest number of seams in a component. Raising it adds candidates. Chosen by trial on drawn pages and the sample
pictures."""
MIN_SPACING_SHARE = 0.22
"""Smallest mean distance between two seams, as a share of the height. Lowering it adds candidates. Chosen by trial on
drawn pages and the sample pictures."""
MAX_SEAM_COST = 24.0
"""Largest cost of a seam: it may cross two strokes, but not three. Raising it cuts more digits. Chosen by trial on
drawn pages and the sample pictures."""
STROKE_ENTRY_COST = 8.0
"""Cost of entering a stroke: one long joint is a more likely cut than two thin strokes. Chosen by trial on drawn pages
and the sample pictures."""
INK_PIXEL_COST = 0.4
"""Cost of each pixel in ink. Chosen by trial on drawn pages and the sample pictures."""
DIAGONAL_STEP_COST = 0.15
"""Cost of a diagonal step. Chosen by trial on drawn pages and the sample pictures."""
WALL_INK = 1e6
"""Ink of the walls between components, so high that no seam crosses it."""


def split_each(masks: Sequence[Mask]) -> Iterator[list[Mask]]:
    """Yield the parts of each component between its seams, from left to right, each uint8 (h, w) of 0 and 1.

    All components are searched side by side with walls between them, because the time depends on the number of rows
    more than on their width.

    Args:
        masks: uint8 (h, w) of 0 and 1, each cropped to its component.
    """
    if not masks:
        return
    inks = [_at_working_height(mask) for mask in masks]
    widths = [ink.shape[1] for ink in inks]
    starts = np.cumsum([0, *(width + 1 for width in widths[:-1])]).tolist()
    walled = np.full((SEAM_HEIGHT_PX, starts[-1] + widths[-1]), WALL_INK, np.float32)
    for ink, start, width in zip(inks, starts, widths, strict=True):
        walled[:, start : start + width] = ink
    cost, came_from = _walk(walled)
    arrivals = np.flatnonzero(cost <= MAX_SEAM_COST)
    paths = _trace(came_from, arrivals)
    for mask, start, width in zip(masks, starts, widths, strict=True):
        own = slice(*np.searchsorted(arrivals, (start, start + width)))
        yield _part(mask, _choose(paths[:, own] - start, cost[arrivals[own]], width))


def _at_working_height(mask: Mask) -> Floats:
    """Return a mask at the height of the search, float32."""
    h, w = mask.shape
    size = max(3, round(w * SEAM_HEIGHT_PX / h)), SEAM_HEIGHT_PX
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def _walk(ink: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the cost of the best path to each column of the last row, and the origin (-1, 0, 1) of each step."""
    h, w = ink.shape
    above = np.full((h - 1, w + 2), WALL_INK, np.float32)
    above[:, 1:-1] = ink[:-1]
    # Each step (from the upper left, from above, from the upper right) pays for the stroke that it enters.
    steps = ink[1:, None] - _three_each(above)
    np.maximum(steps, 0, out=steps)
    steps *= STROKE_ENTRY_COST
    steps[:, ::2] += DIAGONAL_STEP_COST
    cost = np.full((h, w + 2), np.inf, np.float32)
    cost[0, 1:-1] = (INK_PIXEL_COST + STROKE_ENTRY_COST) * ink[0]
    # Calls of NumPy take most of the time of a row, so there are only three; `steps` gets the path costs.
    for before, ways, toll, here in zip(
        _three_each(cost), steps, INK_PIXEL_COST * ink[1:], cost[1:, 1:-1], strict=False
    ):
        np.add(before, ways, ways)
        np.add(np.minimum.reduce(ways, 0), toll, here)
    left, straight, right = steps.swapaxes(0, 1)
    came_from = (straight < left).astype(np.intp) - 1
    came_from[right < np.minimum(left, straight)] = 1
    return cost[-1, 1:-1], came_from


def _three_each(rows: Floats) -> Floats:
    """Return a view of (h, w + 2) as (h, 3, w): each column with its left and its right neighbour."""
    (h, w), (down, across) = rows.shape, rows.strides
    return np.lib.stride_tricks.as_strided(rows, (h, 3, w - 2), (down, across, across))


def _trace(came_from: NDArray[np.intp], arrivals: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the paths to columns of the last row, intp (h, n) of columns.

    Args:
        came_from: origin (-1, 0, 1) of each step to all rows but the first, intp (h - 1, w).
        arrivals: columns of the last row, intp (n,).
    """
    origins = came_from + np.arange(came_from.shape[1])
    paths = np.empty((len(origins) + 1, len(arrivals)), np.intp)
    paths[-1] = arrivals
    for origin, path, above in zip(origins[::-1], paths[:0:-1], paths[-2::-1], strict=True):
        origin.take(path, out=above, mode="clip")  # "clip" writes straight into `above`; nothing is clipped
    return paths


def _choose(paths: NDArray[np.intp], cost: Floats, width: int) -> list[NDArray[np.intp]]:
    """Return the cheapest seams of a component that keep their distance, each intp (h,) of columns."""
    h = len(paths)
    margin = max(2, round(0.08 * h))
    open_to = (paths.min(axis=0) >= margin) & (paths.max(axis=0) < width - margin)
    chosen: list[NDArray[np.intp]] = []
    while open_to.any() and len(chosen) < MAX_SEAMS:
        path = paths[:, np.argmin(np.where(open_to, cost, np.inf))]
        chosen.append(path)
        open_to &= np.abs(paths - path[:, None]).mean(axis=0) >= MIN_SPACING_SHARE * h
    return chosen


def _part(mask: Mask, seams: Sequence[NDArray[np.intp]]) -> list[Mask]:
    """Return the parts of a component between its seams."""
    if not seams:
        return [mask]
    h, w = mask.shape
    factor = SEAM_HEIGHT_PX / h
    rows = np.minimum((np.arange(h) * factor).astype(int), SEAM_HEIGHT_PX - 1)
    seams_left_of = np.zeros((h, w), np.uint8)
    for path in seams:
        seams_left_of += np.arange(w) >= (path[rows] / factor)[:, None]
    return [np.asarray(mask & (seams_left_of == part), np.uint8) for part in range(len(seams) + 1)]
