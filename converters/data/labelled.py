"""Glyphs with their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.vision.digits import NOT_A_DIGIT
from agent.vision.glyph import SIZE_PX


@dataclass(frozen=True, eq=False)
class LabelledGlyphs:
    """Glyphs and what they show."""

    images: NDArray[np.uint8]
    """uint8 (n, 28, 28), bright ink on 0; or surroundings, uint8 (n, 3, 32, 48)."""
    labels: NDArray[np.int64]
    """int64 (n,), 0..9, or 10 for "not a digit"."""

    def __len__(self) -> int:
        return len(self.labels)


def digits_of(glyphs: LabelledGlyphs) -> LabelledGlyphs:
    """Those that show a digit."""
    shows_digit = glyphs.labels != NOT_A_DIGIT
    return LabelledGlyphs(glyphs.images[shows_digit], glyphs.labels[shows_digit])


def concatenate(parts: Sequence[LabelledGlyphs]) -> LabelledGlyphs:
    """All parts one after the other; empty where there is none."""
    if not parts:
        return LabelledGlyphs(np.zeros((0, SIZE_PX, SIZE_PX), np.uint8), np.zeros(0, np.int64))
    return LabelledGlyphs(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))
