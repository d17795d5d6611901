"""Find the connected components of a mask by their contours, and cut out the components that are large enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box

Mask = NDArray[np.uint8]
Boxes = NDArray[np.int32]
"""int32 (n, 4): left, top, width, height."""

DEFAULT_DIGIT_PX = 9
"""Height of digits in working pixels that is assumed if a mask has no component to estimate it from. Not tuned."""
MAX_COMPONENTS = 1200
"""Largest number of components that are cut out of one mask: a mask with more is texture. The largest ones are kept.
Lowering it bounds the time more tightly. Chosen by trial on drawn pages and the sample pictures. The sensitivity run
found no effect at ±20 %."""
MAX_COMPARED = 1_000_000
"""Largest number of pairs of components whose boxes are compared at once, to find those that need not be drawn. Raising
it takes more memory, lowering it more time. A guess that was never measured."""
MIN_GRID_CELLS = 8
"""A component with fewer holes of a digit's size than this is not a grid. Raising it leaves small grids in the ink.
Chosen by trial on drawn pages and the sample pictures."""
MIN_GRID_ROWS = 3
"""A grid is higher than this many of its cells; a row of boxes is not. Raising it leaves flat grids in the ink. Chosen
by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MAX_HEIGHT_PER_WIDTH = 10
"""Components at least this many times as high as wide do not count for the height of digits: they are lines. Raising it
lets lines count. A guess; `docs/thresholds.md` has its effect."""
MAX_WIDTH_PER_HEIGHT = 3
"""Components at least this many times as wide as high do not count for the height of digits: lines or words. Raising it
lets lines and words count. A guess; `docs/thresholds.md` has its effect."""


@dataclass(frozen=True, eq=False)
class Atom:
    """A component, or a part of one, that is not cut further."""

    box: Box
    """Box of the atom, in working pixels."""
    mask: Mask
    """Mask of the atom, uint8 (h, w) of 0 and 1, as large as the box."""
    area: int
    """Number of pixels of the atom."""


@dataclass(frozen=True, eq=False)
class Components:
    """All connected components of a mask; pixels that touch at a corner are connected."""

    mask: Mask
    """The mask, uint8 (h, w) of 0 and 1."""
    boxes: Boxes
    """Bounding box of each component."""
    outlines: Sequence[Sequence[cv2.typing.MatLike]]
    """Contours of each component: the outer contour, then the contours of the holes."""
    atoms: dict[int, Atom] = field(default_factory=dict)
    """Components that were cut out, by index. They are kept because several steps need the same components."""


def find_components(mask: Mask) -> Components:
    """Return the connected components of a mask, uint8 (h, w) of 0 and 1."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parents = [] if hierarchy is None else hierarchy[0, :, 3].tolist()  # -1: outer contour of a component
    outlines = {index: [contours[index]] for index, parent in enumerate(parents) if parent < 0}
    for index, parent in enumerate(parents):
        if parent >= 0:
            outlines[parent].append(contours[index])
    boxes = np.array([cv2.boundingRect(contours[index]) for index in outlines], np.int32).reshape(-1, 4)
    return Components(mask, boxes, list(outlines.values()))


def digit_height(components: Components, min_px: float) -> float:
    """Estimate the height of the digits in working pixels: the median height, weighted by the height itself.

    A grid, such as squared paper with everything that touches it, is as high as the page and does not count. If there
    is nothing else, digits are taken to be as high as the cells of the grid.

    Args:
        components: components of a mask.
        min_px: components smaller than this do not count.
    """
    many_holed = [i for i, outlines in enumerate(components.outlines) if len(outlines) > MIN_GRID_CELLS]
    grids = {i: cells for i in many_holed if (cells := _cell_heights(components.outlines[i], min_px))}
    w, h = np.delete(components.boxes, list(grids), axis=0)[:, 2:].T
    heights = h[(np.maximum(w, h) >= min_px) & (MAX_HEIGHT_PER_WIDTH * w > h) & (w < MAX_WIDTH_PER_HEIGHT * h)]
    heights = np.sort(heights if len(heights) else np.array([c for cells in grids.values() for c in cells], np.int32))
    if not len(heights):
        return float(DEFAULT_DIGIT_PX)
    cumulative = np.cumsum(heights)
    return float(heights[np.searchsorted(cumulative, cumulative[-1] / 2)])


def _cell_heights(outlines: Sequence[cv2.typing.MatLike], min_px: float) -> list[int]:
    """Return the heights of the cells of a grid, from the contours of a component; empty if it is not a grid."""
    height, *hole_heights = (cv2.boundingRect(outline)[3] for outline in outlines)
    cells = [hole for hole in hole_heights if hole >= min_px]
    return cells if len(cells) >= MIN_GRID_CELLS and height > MIN_GRID_ROWS * np.median(cells) else []


def cut_out(components: Components, min_px: float) -> tuple[Atom, ...]:
    """Return the components that are at least `min_px` high or wide, at most `MAX_COMPONENTS`."""
    sizes = components.boxes[:, 2:].max(axis=1, initial=0)
    keep = np.flatnonzero(sizes >= min_px)
    if len(keep) > MAX_COMPONENTS:
        areas = components.boxes[keep, 2:].prod(axis=1)
        keep = keep[np.argsort(areas)[-MAX_COMPONENTS:]]
    return tuple(cut_out_each(components, keep.tolist()))


def cut_out_each(components: Components, indices: Sequence[int]) -> list[Atom]:
    """Return components with their own masks, without other components that lie in their boxes."""
    missing = [index for index in indices if index not in components.atoms]
    if missing:
        for index, alone in zip(missing, _are_alone(components.boxes, missing), strict=True):
            components.atoms[index] = _cut_out_one(components, index, alone=alone)
    return [components.atoms[index] for index in indices]


def _are_alone(boxes: Boxes, indices: Sequence[int]) -> list[bool]:
    """Return for each index whether no other box reaches into its box. If there are too many pairs, none is alone."""
    if len(indices) * len(boxes) > MAX_COMPARED:
        return [False] * len(indices)
    x, y, w, h = boxes.T
    left, top, width, height = boxes[indices].T[..., None]
    beside = (left < x + w) & (left + width > x)
    level = (top < y + h) & (top + height > y)
    return [int(count) == 1 for count in np.count_nonzero(beside & level, axis=1)]


def _cut_out_one(components: Components, index: int, *, alone: bool) -> Atom:
    box = Box._make(components.boxes[index].tolist())
    own = components.mask[box.y : box.bottom, box.x : box.right]
    if not alone:
        filled = np.zeros((box.h, box.w), np.uint8)
        cv2.drawContours(filled, components.outlines[index], -1, 1, cv2.FILLED, offset=(-box.x, -box.y))
        own = own & filled
    return Atom(box, own, cv2.countNonZero(own))
