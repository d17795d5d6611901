"""Numbers that the edge of the picture may cut: a part of them may be outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

import numpy as np

from agent.vision.box import Box
from agent.vision.layers import MaskResult
from agent.vision.lines import MAX_LINE_OFFSET_HEIGHTS, MIN_NUMBER_GAP_HEIGHTS, Reading

TOUCH_PX = 1
"""Ink that comes this close to the edge of the picture, in pixels, may continue outside. Raising it marks more numbers.
A guess that was never measured."""
GAP_FACTOR = 1.25
"""The next digit of a number is expected at this many times its widest gap. Raising it marks more numbers. A guess that
was never measured."""
LONE_GAP_HEIGHTS = 0.5
"""Gap to the next digit that is expected beside a number of one digit, in heights of a digit. Raising it marks more
numbers. A guess that was never measured."""
MIN_GAP_HEIGHTS = 0.2
"""Smallest gap that is expected, in heights of a digit, because digits that touch have none. Raising it marks more
numbers. A guess that was never measured."""
DIGIT_WIDTH_HEIGHTS = 0.8
"""Width of a digit, in heights of a digit. Ink at the edge up to this far behind the gap may be the next digit. Raising
it marks more numbers. A guess that was never measured."""
MIN_INK_HEIGHTS, MAX_INK_HEIGHTS = 0.15, 1.8
"""Smallest and largest height of ink at the edge that may be the next digit, in heights of a digit. Raising the first
one marks fewer numbers, raising the second one more. A guess that was never measured."""


def mark_cut(readings: Sequence[Reading], masks: Sequence[MaskResult], size: tuple[int, int]) -> tuple[Reading, ...]:
    """Return readings; those that the edge of the picture may cut are marked.

    A number may be cut if its ink touches the edge, if a digit beside it, at the distance of its own digits, would be
    outside, or if ink in this place touches the edge.

    Args:
        readings: of the page.
        masks: of the picture; in their ink the next digit is searched.
        size: width and height of the picture.
    """
    near = [reading for reading in readings if _is_near_edge(reading, size)]
    if not near:
        return tuple(readings)
    ink = [box for mask in masks for box in _ink_at_edge(mask, size)]
    cut = {id(reading) for reading in near if _is_cut(reading, ink, size)}
    return tuple(replace(reading, cut_by_edge=id(reading) in cut) for reading in readings)


def _is_near_edge(reading: Reading, size: tuple[int, int]) -> bool:
    reach = (MIN_NUMBER_GAP_HEIGHTS + DIGIT_WIDTH_HEIGHTS) * _height(reading)
    return min(_distances(reading.box, size)) <= reach or _touches(reading.box, size)


def _is_cut(reading: Reading, ink: Sequence[Box], size: tuple[int, int]) -> bool:
    if _touches(reading.box, size):
        return True
    height, gap = _height(reading), _expected_gap(reading)
    ends = reading.digits[0].box, reading.digits[-1].box
    for end, side, distance in zip(ends, (0, 1), _distances(reading.box, size), strict=True):
        if distance <= gap:
            return True
        if distance <= gap + DIGIT_WIDTH_HEIGHTS * height and any(_may_be_next(box, end, side, size) for box in ink):
            return True
    return False


def _may_be_next(box: Box, end: Box, side: int, size: tuple[int, int]) -> bool:
    """Whether ink may be a part of the digit that follows the end of a number at one side (0 left, 1 right)."""
    if _distances(box, size)[side] > TOUCH_PX:
        return False
    in_line = abs(box.centre[1] - end.centre[1]) < MAX_LINE_OFFSET_HEIGHTS * end.h
    return in_line and MIN_INK_HEIGHTS * end.h <= box.h <= MAX_INK_HEIGHTS * end.h


def _ink_at_edge(mask: MaskResult, size: tuple[int, int]) -> list[Box]:
    """Return the boxes of the connected ink of a mask that touches the left or the right edge of the picture.

    If the ink is deskewed, only the centres of the boxes are rotated.
    """
    ink, boxes = mask.ink, mask.binarized.written.boxes
    sides = boxes[:, 2:].astype(np.float64)
    centres = boxes[:, :2] + sides / 2
    if ink.deskew_inverse is not None:
        centres = centres @ ink.deskew_inverse[:, :2].T + ink.deskew_inverse[:, 2]
    corners = np.round(np.hstack([centres - sides / 2, centres + sides / 2]) / ink.scale).astype(int)
    touching = (corners[:, 0] <= TOUCH_PX) | (corners[:, 2] >= size[0] - TOUCH_PX)
    return [Box(x, y, right - x, bottom - y) for x, y, right, bottom in corners[touching].tolist()]


def _distances(box: Box, size: tuple[int, int]) -> tuple[int, int]:
    """Return the distances of a box to the left and to the right edge of the picture, in pixels."""
    return box.x, size[0] - box.right


def _touches(box: Box, size: tuple[int, int]) -> bool:
    """Whether a box touches an edge of the picture."""
    return min(*_distances(box, size), box.y, size[1] - box.bottom) <= TOUCH_PX


def _expected_gap(reading: Reading) -> float:
    """Return the largest gap at which a next digit of the number is expected, in pixels."""
    height = _height(reading)
    gaps = [right.box.x - left.box.right for left, right in pairwise(reading.digits)]
    if not gaps:
        return LONE_GAP_HEIGHTS * height
    return min(MIN_NUMBER_GAP_HEIGHTS, max(MIN_GAP_HEIGHTS, GAP_FACTOR * max(gaps) / height)) * height


def _height(reading: Reading) -> float:
    """Return the height of a digit of a number, in pixels."""
    return float(median(digit.box.h for digit in reading.digits))
