"""Which numbers of a line share a strip: those close together, and those with marks between them.

A digit may be lost between two numbers. If each had a strip of its own, both strips would show it. The strips of two
numbers that are further apart end in the middle between them, so that no strip shows a digit of the other number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from agent.vision.box import Box
from agent.vision.coordinates import in_working
from agent.vision.ink import Ink
from agent.vision.layers import MaskResult
from agent.vision.lines import MAX_LINE_OFFSET_HEIGHTS, Reading
from agent.vision.strip import MARGIN_HEIGHTS

MAX_JOINED_GAP_HEIGHTS = 1.9
"""Numbers of one line with a gap of up to this many heights of a digit share a strip, because a digit may be lost
between them. Raising it makes longer strips. Chosen by trial."""
MIN_BETWEEN_HEIGHTS = 0.5
"""A mark between two numbers that is at least this many heights of a digit high may be a digit. Numbers whose strips
would both show it share a strip. Raising it reads more marks twice. A guess that was never measured."""


def group_neighbours(readings: Sequence[Reading], masks: Sequence[MaskResult]) -> list[list[Reading]]:
    """Group consecutive readings that stand on one line, close together or with marks between them."""
    groups: list[list[Reading]] = []
    for reading in readings:
        if groups and _stand_together(groups[-1][-1], reading, masks):
            groups[-1].append(reading)
        else:
            groups.append([reading])
    return groups


def strip_limits(groups: Sequence[Sequence[Reading]], index: int, ink: Ink) -> tuple[float, float]:
    """Return the first and the last column that the strip of a group may show, in working pixels of an ink."""

    def middle(left: Reading, right: Reading) -> float:
        return (in_working(left.digits[-1].box, ink).right + in_working(right.digits[0].box, ink).x) / 2

    first, last = groups[index][0], groups[index][-1]
    before = groups[index - 1][-1] if index else None
    after = groups[index + 1][0] if index + 1 < len(groups) else None
    return (
        middle(before, first) if before and _are_beside(before, first) else -math.inf,
        middle(last, after) if after and _are_beside(last, after) else math.inf,
    )


def _stand_together(left: Reading, right: Reading, masks: Sequence[MaskResult]) -> bool:
    height = _digit_height(left, right)
    end, start = left.digits[-1].box, right.digits[0].box
    gap = start.x - end.right
    if not _are_beside(left, right) or gap > 2 * MARGIN_HEIGHTS * height:
        return False
    if gap <= MAX_JOINED_GAP_HEIGHTS * height:
        return True
    top = min(end.y, start.y)
    between = Box(end.right, top, gap, max(end.bottom, start.bottom) - top)
    return any(_has_mark(mask, in_working(between, mask.ink), height * mask.ink.scale) for mask in masks)


def _are_beside(left: Reading, right: Reading) -> bool:
    """Whether the second reading follows the first one on the same line."""
    height = _digit_height(left, right)
    end, start = left.digits[-1].box, right.digits[0].box
    offset = abs(start.centre[1] - end.centre[1])
    return offset < MAX_LINE_OFFSET_HEIGHTS * height and start.x - end.right > -height


def _digit_height(left: Reading, right: Reading) -> float:
    return max(median(digit.box.h for digit in one.digits) for one in (left, right))


def _has_mark(mask: MaskResult, area: Box, height: float) -> bool:
    """Whether a candidate with its centre in an area, in working pixels, is high enough for a digit."""
    boxes = (candidate.box for candidate in mask.candidates)
    centres = (box.centre for box in boxes if box.h >= MIN_BETWEEN_HEIGHTS * height)
    return any(area.x <= x < area.right and area.y <= y < area.bottom for x, y in centres)
