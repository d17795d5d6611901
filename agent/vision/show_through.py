"""Writing on the back of thin paper: it shows through, faint and mirrored, and some of it looks like digits.

Digits such as 3, 4 and 7 are not read in a mirror. So if more digits of faint ink are read in its mirror image than in
the ink itself, the ink is on the back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from agent.vision.box import Box
from agent.vision.coordinates import in_working
from agent.vision.digits import non_max_suppression
from agent.vision.ink import Gray, Ink
from agent.vision.layers import InkLayer, MaskResult

MAX_BACK_CONTRAST = 64
"""Ink with more contrast than this, of 255, is on the front. Raising it checks more pictures, which takes time; a back
shows through ordinary paper at a contrast of about 20. A guess that was never measured."""
MIN_MORE_DIGITS = 1.5
"""Ink is on the back if this many more digits are read in its mirror image, each counted by its probability. Raising it
finds fewer backs, lowering it drops lone faint numbers whose digits look alike in a mirror. Measured: none of 160
mirrored digits at 8 % of contrast is read; without the check 54 were."""

SAME_IOU = 0.2
"""A digit of faint ink whose box has at least this IoU with a digit of stronger ink shows the same digit. Raising it
takes fewer digits for the same one. A guess that was never measured."""


def mark_back(
    layer: InkLayer,
    masks: Sequence[MaskResult],
    stronger: Sequence[MaskResult],
    read: Callable[[InkLayer], Iterable[MaskResult]],
) -> tuple[MaskResult, ...]:
    """Return the masks of a layer; if its ink is on the back of the paper, they are marked and have no digits.

    Args:
        layer: some ink of a picture.
        masks: its masks.
        stronger: masks of the layers with stronger ink. Faint ink shows their borders again, so digits at the places of
            their digits do not count.
        read: returns the masks of a layer.
    """
    ink = layer.ink
    if ink.contrast > MAX_BACK_CONTRAST or not any(mask.digits for mask in masks):
        return tuple(masks)
    mirrored = tuple(read(replace(layer, ink=_mirror(ink), binarized=None)))
    taken = [in_working(digit.box, ink) for mask in stronger for digit in mask.digits.values()]
    width = ink.strength.shape[1]
    taken_mirrored = [Box(width - box.right, box.y, box.w, box.h) for box in taken]
    if _count_digits(mirrored, taken_mirrored) < _count_digits(masks, taken) + MIN_MORE_DIGITS:
        return tuple(masks)
    return tuple(replace(mask, digits={}, on_back=True) for mask in masks)


def _mirror(ink: Ink) -> Ink:
    """Return ink as it is seen from the other side of the paper. Its boxes are not those of the picture."""
    paper = ink.paper._replace(gray=_mirrored(ink.paper.gray), brightness=_mirrored(ink.paper.brightness))
    return replace(ink, strength=_mirrored(ink.strength), paper=paper, deskew_inverse=None)


def _count_digits(masks: Sequence[MaskResult], taken: Sequence[Box]) -> float:
    """Return the expected number of right digits, without those at places (working pixels) that are already taken."""
    new = (
        [digit for candidate, digit in mask.digits.items() if all(candidate.box.iou(box) < SAME_IOU for box in taken)]
        for mask in masks
    )
    return sum(digit.probability for digit in non_max_suppression(new))


def _mirrored(gray: Gray) -> Gray:
    return np.ascontiguousarray(gray[:, ::-1])
