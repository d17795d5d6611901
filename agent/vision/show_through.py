"""Writing on the back of thin paper: it shows through, faint and mirrored, and some of it looks like digits.

Digits such as 3, 4 and 7 are not read in a mirror. So if more digits of faint ink are read in its mirror image than in
the ink itself, the ink is on the back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from agent.vision.digits import non_max_suppression
from agent.vision.ink import Gray, Ink
from agent.vision.layers import MaskResult

MAX_BACK_CONTRAST = 64
"""Ink with more contrast than this, of 255, is on the front. Raising it checks more pictures, which takes time; a back
shows through ordinary paper at a contrast of about 20."""
MIN_MORE_DIGITS = 1.5
"""Ink is on the back if this many more digits are read in its mirror image, each counted by its probability. Raising it
finds fewer backs, lowering it drops lone faint numbers whose digits look alike in a mirror."""


def may_be_on_back(ink: Ink) -> bool:
    """Whether ink is faint enough to show through the paper."""
    return ink.contrast <= MAX_BACK_CONTRAST


def mirror(ink: Ink) -> Ink:
    """Return ink as it is seen from the other side of the paper. Its boxes are not those of the picture."""
    paper = ink.paper._replace(gray=_mirrored(ink.paper.gray), brightness=_mirrored(ink.paper.brightness))
    return replace(ink, strength=_mirrored(ink.strength), paper=paper, deskew_inverse=None)


def is_on_back(masks: Sequence[MaskResult], mirrored: Sequence[MaskResult]) -> bool:
    """Whether more digits are read in the masks of the mirrored ink than in the masks of the ink itself."""
    return _count_digits(mirrored) >= _count_digits(masks) + MIN_MORE_DIGITS


def _count_digits(masks: Sequence[MaskResult]) -> float:
    return sum(digit.probability for digit in non_max_suppression(mask.digits.values() for mask in masks))


def _mirrored(gray: Gray) -> Gray:
    return np.ascontiguousarray(gray[:, ::-1])
