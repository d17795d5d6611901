"""Images with their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.vision.glyph import SIZE_PX


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Glyphs or contexts, and the digits they show."""

    images: NDArray[np.uint8]
    """Glyphs, uint8 (n, 28, 28), bright ink on 0; or contexts, uint8 (n, 3, 32, 48)."""
    labels: NDArray[np.int64]
    """Label of each image, int64 (n,): 0..9, or 10 for "not a digit"."""

    def __len__(self) -> int:
        return len(self.labels)


def concatenate(parts: Sequence[LabelledImages]) -> LabelledImages:
    """Return all parts in one; without parts, an empty set of glyphs."""
    if not parts:
        return LabelledImages(np.zeros((0, SIZE_PX, SIZE_PX), np.uint8), np.zeros(0, np.int64))
    return LabelledImages(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))
