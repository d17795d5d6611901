"""Signs of the numbers in a video: only the line recogniser of a thorough look reads them.

A number keeps its signs, its confidence and its alternatives for as long as looks show the same digits at its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.vision.lines import Reading

MIN_SAME_IOU = 0.3
"""Two readings are of the same number if the IoU of their boxes is higher than this. Raising it loses signs of numbers
that move. A guess that was never measured."""


def with_signs(reading: Reading, known: Sequence[Reading]) -> Reading:
    """Return a number as a line recogniser read it before; the same reading if none did.

    Args:
        reading: a number of which the digits are known.
        known: readings of a recent look.
    """
    if reading.signs_read:
        return reading
    for before in known:
        if before.signs_read and _is_same(before, reading):
            return replace(before, box=reading.box, digits=reading.digits, cut_by_edge=reading.cut_by_edge)
    return reading


def _is_same(one: Reading, other: Reading) -> bool:
    return one.digits_text == other.digits_text and one.box.iou(other.box) > MIN_SAME_IOU
