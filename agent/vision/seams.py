"""Cut wide components along seams: paths from top to bottom that cross little ink.

A wide component may be several digits that touch each other.
"""

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
"""Cost of entering a stroke: one long joint is a more likely cut than two thin strokes. Raising it cuts fewer digits.
Chosen by trial on drawn pages and the sample pictures."""
INK_PIXEL_COST = 0.4
"""Cost of each pixel in ink. Raising it prefers seams along thin joints. Chosen by trial on drawn pages and the sample
pictures."""
DIAGONAL_STEP_COST = 0.15
"""Cost of a diagonal step. Raising it prefers vertical seams. Chosen by trial on drawn pages and the sample
pictures."""
MIN_WIDTH_PX = 3
"""Components are scaled to at least this width for the search. Raising it stretches narrow components. Chosen by trial.
The sensitivity run found no effect at ±20 %."""
MIN_MARGIN_SHARE = 0.08
"""Smallest distance between a seam and the left or right end of a component, as a share of the height of the search.
Raising it cuts off fewer narrow parts. Chosen by trial."""
MIN_MARGIN_PX = 2
"""Smallest distance between a seam and the left or right end of a component, in pixels of the search. Raising it cuts
off fewer narrow parts. Chosen by trial. The sensitivity run found no effect at ±20 %."""
WALL_INK = 1e6
"""Ink of the walls between components, so high that no seam crosses it. Not tuned."""


def split_each(masks: Sequence[Mask]) -> Iterator[list[Mask]]:
    """Yield the parts of each component between its seams, from left to right, each uint8 (h, w) of 0 and 1.

    All components are searched in one go, side by side in one wide array with walls between them: a wider array costs
    little, a further search costs as much as the first.

    Args:
        masks: uint8 (h, w) of 0 and 1, each cropped to its component.
    """
    if not masks:
        return
    inks = [_scale_to_search(mask) for mask in masks]
    widths = [ink.shape[1] for ink in inks]
    starts = np.cumsum([0, *(width + 1 for width in widths[:-1])]).tolist()
    row_of_inks = np.full((SEAM_HEIGHT_PX, starts[-1] + widths[-1]), WALL_INK, np.float32)
    for ink, start, width in zip(inks, starts, widths, strict=True):
        row_of_inks[:, start : start + width] = ink
    cost, came_from = _find_paths(row_of_inks)
    ends = np.flatnonzero(cost <= MAX_SEAM_COST)
    paths = _trace_paths(came_from, ends)
    for mask, start, width in zip(masks, starts, widths, strict=True):
        of_component = slice(*np.searchsorted(ends, (start, start + width)))
        seams = _choose_seams(paths[:, of_component] - start, cost[ends[of_component]], width)
        yield _split(mask, seams)


def _scale_to_search(mask: Mask) -> Floats:
    """Return a mask at the height of the search, float32."""
    h, w = mask.shape
    size = max(MIN_WIDTH_PX, round(w * SEAM_HEIGHT_PX / h)), SEAM_HEIGHT_PX
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def _find_paths(ink: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the cost of the best path to each column of the last row, and the origin (-1, 0, 1) of each step."""
    h, w = ink.shape
    upper = np.full((h - 1, w + 2), WALL_INK, np.float32)
    upper[:, 1:-1] = ink[:-1]
    # Each step (from the upper left, from above, from the upper right) pays for the stroke that it enters.
    steps = ink[1:, None] - _with_neighbours(upper)
    np.maximum(steps, 0, out=steps)
    steps *= STROKE_ENTRY_COST
    steps[:, ::2] += DIAGONAL_STEP_COST
    cost = np.full((h, w + 2), np.inf, np.float32)
    cost[0, 1:-1] = (INK_PIXEL_COST + STROKE_ENTRY_COST) * ink[0]
    # Calls of NumPy take most of the time of a row, so there are only three; `steps` gets the path costs.
    for previous, row_steps, pixel_cost, row in zip(
        _with_neighbours(cost), steps, INK_PIXEL_COST * ink[1:], cost[1:, 1:-1], strict=False
    ):
        np.add(previous, row_steps, row_steps)
        np.add(np.minimum.reduce(row_steps, 0), pixel_cost, row)
    left, straight, right = steps.swapaxes(0, 1)
    came_from = (straight < left).astype(np.intp) - 1
    came_from[right < np.minimum(left, straight)] = 1
    return cost[-1, 1:-1], came_from


def _with_neighbours(rows: Floats) -> Floats:
    """Return a view of (h, w + 2) as (h, 3, w): each column with its left and its right neighbour."""
    (h, w), (row_stride, column_stride) = rows.shape, rows.strides
    return np.lib.stride_tricks.as_strided(rows, (h, 3, w - 2), (row_stride, column_stride, column_stride))


def _trace_paths(came_from: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the paths to columns of the last row, intp (h, n) of columns.

    Args:
        came_from: origin (-1, 0, 1) of each step to all rows but the first, intp (h - 1, w).
        ends: columns of the last row, intp (n,).
    """
    origins = came_from + np.arange(came_from.shape[1])
    paths = np.empty((len(origins) + 1, len(ends)), np.intp)
    paths[-1] = ends
    for origin, lower, upper in zip(origins[::-1], paths[:0:-1], paths[-2::-1], strict=True):
        origin.take(lower, out=upper, mode="clip")  # "clip" writes straight into `upper`; nothing is clipped
    return paths


def _choose_seams(paths: NDArray[np.intp], cost: Floats, width: int) -> list[NDArray[np.intp]]:
    """Return the cheapest seams of a component that keep their distance, each intp (h,) of columns.

    Args:
        paths: paths through the component, intp (h, n) of columns.
        cost: cost of each path, float32 (n,).
        width: width of the component in pixels of the search.
    """
    h = len(paths)
    margin = max(MIN_MARGIN_PX, round(MIN_MARGIN_SHARE * h))
    allowed = (paths.min(axis=0) >= margin) & (paths.max(axis=0) < width - margin)
    seams: list[NDArray[np.intp]] = []
    while allowed.any() and len(seams) < MAX_SEAMS:
        seam = paths[:, np.argmin(np.where(allowed, cost, np.inf))]
        seams.append(seam)
        allowed &= np.abs(paths - seam[:, None]).sum(axis=0) >= MIN_SPACING_SHARE * h**2
    return seams


def _split(mask: Mask, seams: Sequence[NDArray[np.intp]]) -> list[Mask]:
    """Return the parts of a component between its seams."""
    if not seams:
        return [mask]
    h, w = mask.shape
    factor = SEAM_HEIGHT_PX / h
    rows = np.minimum((np.arange(h) * factor).astype(int), SEAM_HEIGHT_PX - 1)
    part_numbers = np.zeros((h, w), np.uint8)
    for seam in seams:
        part_numbers += np.arange(w) >= (seam[rows] / factor)[:, None]
    return [np.asarray(mask & (part_numbers == part), np.uint8) for part in range(len(seams) + 1)]
