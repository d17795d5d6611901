"""Glyphs of pictures with truth, cut by the very segmenter that the board runs.

A net learns best from what it will be asked about: digits as the segmenter cuts them, and everything else that the
segmenter offers, such as halves of digits, pairs, letters, dots and stains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from agent.vision.box import Box
from agent.vision.digits import NOT_A_DIGIT
from agent.vision.ink import find_ink
from agent.vision.page import THOROUGH, cut_glyph, find_page_candidates
from converters.data.labelled import LabelledGlyphs
from converters.data.scenes import Scene

SAME = 0.7
"""A candidate whose box overlaps a digit's by this much (IoU) shows that digit."""
ANOTHER = 0.45
"""Below this overlap it shows something else; between the two nothing can be said."""


def harvest(scenes: Iterable[Scene]) -> LabelledGlyphs:
    """Every candidate glyph that the segmenter finds in the scenes, with its label."""
    images, labels = [], []
    for scene in scenes:
        ink = find_ink(scene.image, THOROUGH.longest_px)
        for factor in THOROUGH.levels:
            for candidate in find_page_candidates(ink, factor):
                label = _label(_unscaled(candidate.box, ink.scale), scene.digits)
                if label is not None:
                    images.append(cut_glyph(ink, candidate))
                    labels.append(label)
    return LabelledGlyphs(np.array(images, np.uint8).reshape(-1, 28, 28), np.array(labels, np.int64))


def _label(box: Box, truth: Sequence[tuple[int, Box]]) -> int | None:
    """What a candidate shows; None where that is open."""
    overlap, digit, true_box = max(((box.overlap(b), d, b) for d, b in truth), default=(0.0, NOT_A_DIGIT, box))
    if overlap >= SAME:
        return digit
    if overlap >= ANOTHER:
        return None
    # Half of a 1 is still a 1 to whoever sees only that half.
    if digit == 1 and overlap > 0 and box.w <= 1.2 * true_box.w:
        return None
    return NOT_A_DIGIT


def _unscaled(box: Box, scale: float) -> Box:
    return Box(round(box.x / scale), round(box.y / scale), round(box.w / scale), round(box.h / scale))
