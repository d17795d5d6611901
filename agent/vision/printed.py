"""What a press has printed: digits in the very ink of the printed lines, where most are written with another pen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from agent.vision.binarize import binarize
from agent.vision.candidates import Candidate
from agent.vision.cut import own_ink
from agent.vision.digits import Digit, non_max_suppression
from agent.vision.ink import Ink

LINES_FACTOR = 0.6
"""Printed lines are sought at this multiple of the ink's level."""
LEAST_LINES = 0.25
"""They are at least so much of the ink: a sheet with a line or two is no printed form."""
AS_DARK = 0.75
"""Print is at least so dark as its lines are, or they as it: a pen on squared paper is far darker."""
SAME = 0.5
"""Digits whose boxes overlap by this much (IoU) are the same."""


def find_printed(
    grey: Ink, in_grey: Sequence[Mapping[Candidate, Digit]], coloured: Iterable[Iterable[Digit]]
) -> tuple[Digit, ...]:
    """The digits in black or grey ink that are print: none unless more are written in colour.

    Args:
        grey: what is black or grey, as `agent.vision.pens.find_pens` tells it.
        in_grey: the digits in it, mask by mask.
        coloured: those in coloured ink, mask by mask.
    """
    strokes = binarize(grey, LINES_FACTOR)
    lines = cv2.subtract(strokes.mask, strokes.written.mask)
    if cv2.countNonZero(lines) < LEAST_LINES * cv2.countNonZero(strokes.mask):
        return ()
    of_lines = float(np.median(grey.strength[lines > 0]))
    printed = non_max_suppression(
        [d for c, d in found.items() if _as_dark(_darkness(grey, c), of_lines)] for found in in_grey
    )
    return printed if len(non_max_suppression(coloured)) > len(printed) else ()


def without_printed(digits: Iterable[Digit], printed: Sequence[Digit]) -> list[Digit]:
    """The digits that are none of those that were printed."""
    return [digit for digit in digits if all(digit.box.iou(other.box) < SAME for other in printed)]


def _darkness(ink: Ink, candidate: Candidate) -> float:
    strength = own_ink(ink, candidate)
    return float(np.median(strength[strength > 0])) if strength.any() else 0.0


def _as_dark(one: float, other: float) -> bool:
    return min(one, other) >= AS_DARK * max(one, other)
