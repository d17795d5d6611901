"""Boxes that digits stand in: told by their four sides, and taken out where a digit touches them.

A box is hardly higher than its digit, so its sides are too short to be taken for ruled lines; what tells them is that
they close.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.vision.components import Components, cut_out
from agent.vision.rules import level_lines, upright_lines, without

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
    for atom in cut_out(components, LEAST_FRAME_PX):
        x, y, w, h = atom.box
        if h >= LEAST_FRAME_PX and w >= h / 2 and _has_straight_sides(atom.mask):
            frames[y : y + h, x : x + w] |= _frame(atom.mask)
    return without(components, frames)


def _has_straight_sides(mask: Mask) -> bool:
    """Whether it may be a frame at all: a quick look at how much ink is in line on each side."""
    h, w = mask.shape
    columns, rows = np.count_nonzero(mask, axis=0), np.count_nonzero(mask, axis=1)
    third_w, third_h = max(1, w // 3), max(1, h // 3)
    upright = min(columns[:third_w].max(), columns[-third_w:].max())
    level = min(rows[:third_h].max(), rows[-third_h:].max())
    return bool(upright >= RUN * h and level >= RUN * min(w, h))


def _frame(mask: Mask) -> Mask:
    """The sides of a frame, inner walls included, uint8 (h, w); nothing where it does not close."""
    h, w = mask.shape
    level = level_lines(mask, SPAN * min(w, h), RUN * h, SLIMNESS)
    upright = upright_lines(mask, SPAN * h, RUN * h, SLIMNESS)
    third_w, third_h = w // 3, h // 3
    sides = (upright[:, :third_w], upright[:, -third_w:], level[:third_h].T, level[-third_h:].T)
    if min(side.any(axis=1).mean() for side in sides) < CLOSED:
        return np.zeros_like(mask)
    return level | upright
