"""Form boxes: find the printed boxes around digits by their four sides, and remove them without cutting the digits.

A box is often not much higher than its digit, so its sides are too short for ruled lines. It is recognised because its
sides close.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.components import Components, cut_out_each
from agent.vision.ruled_lines import MAX_RUN_STEP_PX, horizontal_lines, run_length, vertical_lines, without

Mask = NDArray[np.uint8]

MIN_BOX_PX = 14
"""Smallest height of a box in working pixels; a smaller one looks like a 0. Raising it misses small boxes. Chosen by
trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_BOX_ASPECT = 0.5
"""A component narrower than this multiple of its height is not a box. Raising it misses narrow boxes, lowering it costs
time. Chosen by trial. The sensitivity run found no effect at ±20 %."""
EDGE_PX = 2
"""A component closer than this to the edge of the picture, in working pixels, is cut off there. Raising it takes more
components for boxes that are cut off. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found
no effect at ±20 %."""
MIN_MULTI_ASPECT = 1.5
"""A component wider than this multiple of its height is not a single digit. Raising it takes more components for single
digits. Chosen by trial on drawn pages and the sample pictures."""
SIDE_ZONE_DIVISOR = 3
"""Each side of a box is searched in the outer part of a component: its width or height divided by this. Raising it
misses boxes that lean. Chosen by trial."""
MIN_SIDE_SHARE = 0.75
"""Smallest length of a side, as a share of the height of the box. Raising it misses boxes with gaps. Chosen by trial on
drawn pages and the sample pictures."""
MIN_RUN_SHARE = 0.35
"""Smallest length of the straight runs in a side, as a share of the height of the box. Raising it misses boxes that
lean. Chosen by trial on drawn pages and the sample pictures."""
MIN_SLIMNESS = 5
"""A side is at least this many times as long as thick. Raising it misses boxes with thick sides. Chosen by trial on
drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_CLOSED_SHARE = 0.7
"""Smallest share of each side that must be there. Lowering it takes round digits for boxes. Chosen by trial on drawn
pages and the sample pictures."""


class Cut(NamedTuple):
    """The edges of the picture at which a component is cut off: a box needs no side there.

    A component no wider than a digit that reaches from edge to edge is not cut off: a digit may fill the picture.
    """

    left: bool
    right: bool
    top: bool
    bottom: bool


def remove_form_boxes(components: Components) -> Components:
    """Return the components of a mask without boxes and rows of boxes, empty ones included."""
    frames = np.zeros_like(components.mask)
    high, wide = components.mask.shape
    x, y, w, h = components.boxes.T
    encloses = np.array([len(outline) > 1 for outline in components.outlines], np.bool_)
    at_edge = (x < EDGE_PX) | (y < EDGE_PX) | (x + w > wide - EDGE_PX) | (y + h > high - EDGE_PX)
    may_be = (h >= MIN_BOX_PX) & (w >= MIN_BOX_ASPECT * h) & (encloses | at_edge)
    indices = np.flatnonzero(may_be).tolist()
    cuts = {index: _cut(Box._make(components.boxes[index].tolist()), wide, high) for index in indices}
    asked = {index: cut for index, cut in cuts.items() if encloses[index] or any(cut)}
    for atom, cut in zip(cut_out_each(components, list(asked)), asked.values(), strict=True):
        if _has_straight_sides(atom.mask, cut):
            box = atom.box
            frames[box.y : box.bottom, box.x : box.right] |= _frame(atom.mask, cut)
    return without(components, frames)


def _cut(box: Box, wide: int, high: int) -> Cut:
    """Return the edges at which a component is cut off, in a picture of size `wide` x `high`."""
    across = box.x < EDGE_PX, box.right > wide - EDGE_PX
    down = box.y < EDGE_PX, box.bottom > high - EDGE_PX
    if box.w < MIN_MULTI_ASPECT * box.h:
        across, down = (ends if not all(ends) else (False, False) for ends in (across, down))
    return Cut(*across, *down) if not all(across + down) else Cut(False, False, False, False)


def _has_straight_sides(mask: Mask, cut: Cut) -> bool:
    """Return whether a component may be a box: enough ink in line on each side, then enough of it in one run."""
    h, w = mask.shape
    zone_w, zone_h = max(1, w // SIDE_ZONE_DIVISOR), max(1, h // SIDE_ZONE_DIVISOR)
    columns = cv2.reduce(mask, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]
    if _smaller_peak(columns[:zone_w], columns[-zone_w:], (cut.left, cut.right)) < MIN_RUN_SHARE * h:
        return False
    rows = cv2.reduce(mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    if _smaller_peak(rows[:zone_h], rows[-zone_h:], (cut.top, cut.bottom)) < MIN_RUN_SHARE * min(w, h):
        return False
    # `_frame` also takes pixels next to a run, so runs just beyond the zone count, too.
    run = run_length(MIN_RUN_SHARE * h)
    zone_w, zone_h = zone_w + MAX_RUN_STEP_PX, zone_h + MAX_RUN_STEP_PX
    horizontal = _runs(mask, (1, run))
    if not ((cut.top or horizontal[:zone_h].any()) and (cut.bottom or horizontal[-zone_h:].any())):
        return False
    vertical = _runs(mask, (run, 1))
    return bool((cut.left or vertical[:, :zone_w].any()) and (cut.right or vertical[:, -zone_w:].any()))


def _smaller_peak(first: cv2.typing.MatLike, last: cv2.typing.MatLike, cut: tuple[bool, bool]) -> float:
    """Return the smaller of the largest sums of two sides, without sides that are cut off."""
    sides = zip((first, last), cut, strict=True)
    return min((float(sums.max()) for sums, is_cut in sides if not is_cut), default=np.inf)


def _runs(mask: Mask, shape: tuple[int, int]) -> Mask:
    """Return the centres of the straight runs of ink, uint8 (h, w) of 0 and 1.

    Args:
        mask: ink, uint8 (h, w) of 0 and 1. Pixels outside of it count as paper.
        shape: height and width of a run, in pixels.
    """
    kernel = np.ones(shape, np.uint8)
    return np.asarray(cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)


def _frame(mask: Mask, cut: Cut) -> Mask:
    """Return the sides of a box, inner walls included, uint8 (h, w); all 0 if it does not close."""
    h, w = mask.shape
    zone_w, zone_h = w // SIDE_ZONE_DIVISOR, h // SIDE_ZONE_DIVISOR
    horizontal = horizontal_lines(mask, MIN_SIDE_SHARE * min(w, h), MIN_RUN_SHARE * h, MIN_SLIMNESS)
    if not _closed((horizontal[:zone_h].T, cut.top), (horizontal[-zone_h:].T, cut.bottom)):
        return np.zeros_like(mask)
    vertical = vertical_lines(mask, MIN_SIDE_SHARE * h, MIN_RUN_SHARE * h, MIN_SLIMNESS)
    if not _closed((vertical[:, :zone_w], cut.left), (vertical[:, -zone_w:], cut.right)):
        return np.zeros_like(mask)
    return horizontal | vertical


def _closed(*sides: tuple[Mask, bool]) -> bool:
    """Return whether enough of each side is there, along the first axis; a side that is cut off counts as there."""
    return all(is_cut or side.any(axis=1).mean() >= MIN_CLOSED_SHARE for side, is_cut in sides)
