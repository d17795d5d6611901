"""Digits to trace in drawn scenes, some in the hands of real pictures: all of MNIST's are of one time and place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from converters.data.harvest import harvest_glyphs
from converters.data.labelled import LabelledGlyphs, concatenate, digits_of
from converters.data.scenes import Scene

WELL_CUT = 0.85
"""A candidate whose box overlaps a digit's by this much (IoU) is traced; half a digit that is traced teaches halves."""


def with_hands(digits: LabelledGlyphs, real: Sequence[Scene], share: float, rng: np.random.Generator) -> LabelledGlyphs:
    """The digits, and so many out of real pictures that these are such a share of all; each may come many times.

    Args:
        digits: what is traced anyway.
        real: pictures with their digits; without any the digits stay alone.
        share: 0 or more, and less than 1.
        rng: chooses among the pictures' digits.
    """
    hands = digits_of(harvest_glyphs(real, same=WELL_CUT)) if share else digits
    if not share or not len(hands):
        return digits
    chosen = rng.integers(len(hands), size=round(len(digits) * share / (1 - share)))
    return concatenate([digits, LabelledGlyphs(hands.images[chosen], hands.labels[chosen])])
