"""Boxes that digits stand in: told by their four sides, and taken out where a digit touches them.

A box is hardly higher than its digit, so its sides are too short to be taken for ruled lines; what tells them is that
they close.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.components import Components, cut_out_one
from agent.vision.rules import level_lines, run_length, upright_lines, without

Mask = NDArray[np.uint8]

LEAST_FRAME_PX = 14
"""Working pixels below which a box looks like a nought."""
SPAN = 0.75
"""A side is at least this long, as a share of the box's height ..."""
RUN = 0.35
"""... and consists of straight runs this long."""
SLIMNESS = 5
"""A side is at least this many times longer than it is thick."""
CLOSED = 0.7
"""So much of each of the four sides is there."""


def remove_frames(components: Components) -> Components:
    """The components of a mask without boxes, and rows of boxes; those that hold nothing go, too."""
    frames = np.zeros_like(components.mask)
    for index, (outline, (x, y, w, h)) in enumerate(zip(components.outlines, components.boxes.tolist(), strict=True)):
        encloses = len(outline) > 1 and h >= LEAST_FRAME_PX and w >= h / 2
        if encloses and _has_straight_sides(mask := cut_out_one(components, index).mask):
            frames[y : y + h, x : x + w] |= _frame(mask)
    return without(components, frames)


def _has_straight_sides(mask: Mask) -> bool:
    """Whether it may be a frame at all: how much ink is in line on each side, then whether it is in one run."""
    h, w = mask.shape
    third_w, third_h = max(1, w // 3), max(1, h // 3)
    columns = cv2.reduce(mask, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]
    if min(columns[:third_w].max(), columns[-third_w:].max()) < RUN * h:
        return False
    rows = cv2.reduce(mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    if min(rows[:third_h].max(), rows[-third_h:].max()) < RUN * min(w, h):
        return False
    # The lines of `_frame` are runs and what is a pixel beside them.
    run = run_length(RUN * h)
    level, upright = _runs(mask, (1, run)), _runs(mask, (run, 1))
    ends = level[: third_h + 1], level[-third_h - 1 :], upright[:, : third_w + 1], upright[:, -third_w - 1 :]
    return all(end.any() for end in ends)


def _runs(mask: Mask, shape: tuple[int, int]) -> Mask:
    """Where straight runs of ink are, so many pixels high and wide; what lies outside is paper."""
    kernel = np.ones(shape, np.uint8)
    return np.asarray(cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)


def _frame(mask: Mask) -> Mask:
    """The sides of a frame, inner walls included, uint8 (h, w); nothing where it does not close."""
    h, w = mask.shape
    third_w, third_h = w // 3, h // 3
    level = level_lines(mask, SPAN * min(w, h), RUN * h, SLIMNESS)
    if not _closed(level[:third_h].T, level[-third_h:].T):
        return np.zeros_like(mask)
    upright = upright_lines(mask, SPAN * h, RUN * h, SLIMNESS)
    if not _closed(upright[:, :third_w], upright[:, -third_w:]):
        return np.zeros_like(mask)
    return level | upright


def _closed(*sides: Mask) -> bool:
    """Whether enough of each side is there, along the first axis."""
    return bool(min(side.any(axis=1).mean() for side in sides) >= CLOSED)
