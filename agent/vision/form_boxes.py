"""Boxes that digits stand in: told by their four sides, and taken out where a digit touches them.

A box is hardly higher than its digit, so its sides are too short to be taken for ruled lines; what tells them is that
they close.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.components import Components, cut_out_one
from agent.vision.ruled_lines import horizontal_lines, run_length, vertical_lines, without

Mask = NDArray[np.uint8]

LEAST_FRAME_PX = 14
"""Working pixels below which a box looks like a nought."""
EDGE_PX = 2
"""A component that comes so near the picture's edge is cut off there."""
SEVERAL = 1.5
"""What is wider than so many heights is no digit."""
SPAN = 0.75
"""A side is at least this long, as a share of the box's height ..."""
RUN = 0.35
"""... and consists of straight runs this long."""
SLIMNESS = 5
"""A side is at least this many times longer than it is thick."""
CLOSED = 0.7
"""So much of each of the four sides is there."""


class Cut(NamedTuple):
    """At which of the picture's edges a component ends: a box that is cut off there needs no side of its own.

    What is no wider than a digit and reaches from edge to edge is not taken for cut off: a digit may fill the picture.
    """

    left: bool
    right: bool
    top: bool
    bottom: bool


def remove_form_boxes(components: Components) -> Components:
    """The components of a mask without boxes, and rows of boxes; those that hold nothing go, too."""
    frames = np.zeros_like(components.mask)
    high, wide = components.mask.shape
    for index, (outline, (x, y, w, h)) in enumerate(zip(components.outlines, components.boxes.tolist(), strict=True)):
        if h < LEAST_FRAME_PX or w < h / 2:
            continue
        cut = _cut(Box(x, y, w, h), wide, high)
        if (len(outline) > 1 or any(cut)) and _has_straight_sides(mask := cut_out_one(components, index).mask, cut):
            frames[y : y + h, x : x + w] |= _frame(mask, cut)
    return without(components, frames)


def _cut(box: Box, wide: int, high: int) -> Cut:
    """At which edges of a picture, so wide and high, a component ends."""
    across = box.x < EDGE_PX, box.right > wide - EDGE_PX
    down = box.y < EDGE_PX, box.bottom > high - EDGE_PX
    if box.w < SEVERAL * box.h:
        across, down = (ends if not all(ends) else (False, False) for ends in (across, down))
    return Cut(*across, *down) if not all(across + down) else Cut(False, False, False, False)


def _has_straight_sides(mask: Mask, cut: Cut) -> bool:
    """Whether it may be a frame at all: how much ink is in line on each side, then whether it is in one run."""
    h, w = mask.shape
    third_w, third_h = max(1, w // 3), max(1, h // 3)
    columns = cv2.reduce(mask, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]
    if _least(columns[:third_w], columns[-third_w:], (cut.left, cut.right)) < RUN * h:
        return False
    rows = cv2.reduce(mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    if _least(rows[:third_h], rows[-third_h:], (cut.top, cut.bottom)) < RUN * min(w, h):
        return False
    # The lines of `_frame` are runs and what is a pixel beside them.
    run = run_length(RUN * h)
    level, upright = _runs(mask, (1, run)), _runs(mask, (run, 1))
    ends = level[: third_h + 1], level[-third_h - 1 :], upright[:, : third_w + 1], upright[:, -third_w - 1 :]
    return all(
        end.any() or is_cut for end, is_cut in zip(ends, (cut.top, cut.bottom, cut.left, cut.right), strict=True)
    )


def _least(first: cv2.typing.MatLike, last: cv2.typing.MatLike, cut: tuple[bool, bool]) -> float:
    """The lesser of two sides' largest sums, as far as they are not cut off."""
    sides = zip((first, last), cut, strict=True)
    return min((float(sums.max()) for sums, is_cut in sides if not is_cut), default=np.inf)


def _runs(mask: Mask, shape: tuple[int, int]) -> Mask:
    """Where straight runs of ink are, so many pixels high and wide; what lies outside is paper."""
    kernel = np.ones(shape, np.uint8)
    return np.asarray(cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)


def _frame(mask: Mask, cut: Cut) -> Mask:
    """The sides of a frame, inner walls included, uint8 (h, w); nothing where it does not close."""
    h, w = mask.shape
    third_w, third_h = w // 3, h // 3
    level = horizontal_lines(mask, SPAN * min(w, h), RUN * h, SLIMNESS)
    if not _closed((level[:third_h].T, cut.top), (level[-third_h:].T, cut.bottom)):
        return np.zeros_like(mask)
    upright = vertical_lines(mask, SPAN * h, RUN * h, SLIMNESS)
    if not _closed((upright[:, :third_w], cut.left), (upright[:, -third_w:], cut.right)):
        return np.zeros_like(mask)
    return level | upright


def _closed(*sides: tuple[Mask, bool]) -> bool:
    """Whether enough of each side that is not cut off is there, along the first axis."""
    return all(is_cut or side.any(axis=1).mean() >= CLOSED for side, is_cut in sides)
