"""Printed digits: parts of a form that is filled in with a coloured pen.

They are in the same black or grey ink as the ruled lines and boxes of the form, and as dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from agent.vision.binarize import Binarized, printed_lines
from agent.vision.candidates import Candidate
from agent.vision.digits import Digit, non_max_suppression
from agent.vision.glyph import own_ink
from agent.vision.ink import Ink

MIN_LINES_SHARE = 0.25
"""A page is a form if its ruled lines and boxes are at least this share of its black or grey ink. Lowering it takes
pages with a line or two for forms. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no
effect at ±20 %."""
MIN_DARKNESS_RATIO = 0.75
"""A digit is printed only if its ink and the ink of the lines differ in darkness by no more than this ratio: a black
pen on squared paper is far darker than the lines. Raising it drops fewer digits. Chosen by trial on drawn pages and the
sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_SAME_IOU = 0.5
"""Digits whose boxes have at least this IoU are the same digit. Raising it drops fewer digits as printed. Chosen by
trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""


def find_printed(
    ink: Ink, binarized: Binarized, in_grey: Sequence[Mapping[Candidate, Digit]], coloured: Iterable[Iterable[Digit]]
) -> tuple[Digit, ...]:
    """Return the printed digits of a form; none if there are fewer coloured digits than printed ones.

    Args:
        ink: black or grey ink, as `agent.vision.pens.find_pens` returns it.
        binarized: a mask of this ink.
        in_grey: digits in black or grey ink, mask by mask.
        coloured: digits in coloured ink, mask by mask.
    """
    lines = printed_lines(binarized)
    if cv2.countNonZero(lines) < MIN_LINES_SHARE * cv2.countNonZero(binarized.mask):
        return ()
    lines_darkness = float(np.median(ink.strength[lines > 0]))
    printed = non_max_suppression(
        [d for c, d in found.items() if _is_similar(_darkness(ink, c), lines_darkness)] for found in in_grey
    )
    return printed if len(non_max_suppression(coloured)) > len(printed) else ()


def without_printed(digits: Iterable[Digit], printed: Sequence[Digit]) -> list[Digit]:
    """Return the digits that are not printed."""
    return [digit for digit in digits if all(digit.box.iou(other.box) < MIN_SAME_IOU for other in printed)]


def _darkness(ink: Ink, candidate: Candidate) -> float:
    strength = own_ink(ink, candidate)
    return float(np.median(strength[strength > 0])) if strength.any() else 0.0


def _is_similar(one: float, other: float) -> bool:
    return min(one, other) >= MIN_DARKNESS_RATIO * max(one, other)
