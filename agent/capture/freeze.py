"""Whether a camera shows the very same picture again and again: a sensor's noise never repeats, a hung driver does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FROZEN_FRAMES = 5
"""So often at least a frozen picture was repeated: a stream may send one frame a second."""
SAMPLED = 8
"""Of so many rows and columns one is compared first; most pictures differ there already."""


class FreezeDetector:
    """Compares each picture with the one before it.

    Args:
        frozen_s: how long a frozen picture stays the same.
    """

    def __init__(self, frozen_s: float) -> None:
        self._frozen_s = frozen_s
        self._before: NDArray[np.uint8] | None = None
        self._since_s = self._last_s = 0.0
        self._repeated = 0

    def add(self, image: NDArray[np.uint8], at_s: float) -> None:
        """Take the next picture, BGR uint8 (H, W, 3), and its time in seconds."""
        before, self._before, self._last_s = self._before, image, at_s
        if before is not None and _same(before, image):
            self._repeated += 1
        else:
            self._since_s, self._repeated = at_s, 0

    @property
    def repeats(self) -> bool:
        """Whether the last picture is the one before it."""
        return self._repeated > 0

    @property
    def frozen(self) -> bool:
        """Whether the last picture was repeated too often and for too long."""
        return self._repeated >= FROZEN_FRAMES and self._last_s - self._since_s >= self._frozen_s


def _same(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> bool:
    sampled = (slice(None, None, SAMPLED), slice(None, None, SAMPLED))
    return np.array_equal(a[sampled], b[sampled]) and np.array_equal(a, b)
