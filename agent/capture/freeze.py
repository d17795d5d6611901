"""Detection of a camera that repeats one image: the noise of a sensor never repeats, but a driver that hangs does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_REPEATS = 5
"""Fewest repeats of an image that count as a freeze. More than one, because a stream may send one frame a second."""
SAMPLING_STEP = 8
"""Step between the rows and columns that are compared first; most images differ there already. Chosen by trial."""


class FreezeDetector:
    """Compares each image with the one before it.

    Args:
        timeout_s: time in seconds with the same image that counts as a freeze.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._previous: NDArray[np.uint8] | None = None
        self._since_s = self._last_s = 0.0
        self._repeats = 0

    def add(self, image: NDArray[np.uint8], at_s: float) -> None:
        """Take the next image, BGR uint8 (H, W, 3), and its time in seconds.

        The same array again does not count as a repeat: the source knows that its picture has not changed.
        """
        previous, self._previous, self._last_s = self._previous, image, at_s
        if previous is not None and previous is not image and _are_equal(previous, image):
            self._repeats += 1
        else:
            self._since_s, self._repeats = at_s, 0

    @property
    def repeats(self) -> bool:
        """Whether the last image equals the one before it."""
        return self._repeats > 0

    @property
    def frozen(self) -> bool:
        """Whether the last image was repeated at least `MIN_REPEATS` times and for at least the timeout."""
        return self._repeats >= MIN_REPEATS and self._last_s - self._since_s >= self._timeout_s


def _are_equal(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> bool:
    sampled = (slice(None, None, SAMPLING_STEP), slice(None, None, SAMPLING_STEP))
    return np.array_equal(a[sampled], b[sampled]) and np.array_equal(a, b)
