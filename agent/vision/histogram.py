"""Histograms of 8-bit pictures: quantiles and Otsu's threshold."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_THRESHOLD = 24
"""Lowest value of Otsu's threshold, of 255. Raising it loses faint strokes, lowering it lets texture of the paper in.
Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MAX_THRESHOLD = 200
"""Highest value of Otsu's threshold, of 255, so that masks above it still have ink. Raising it leaves less ink in the
masks of very dark writing. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect
at ±20 %."""


def histogram(gray: NDArray[np.uint8], mask: cv2.typing.MatLike | None = None) -> NDArray[np.float32]:
    """Return the number of pixels of each value, float32 (256,).

    Args:
        gray: uint8 (h, w).
        mask: uint8 (h, w); only pixels that are not 0 in it count. None counts all.
    """
    return np.asarray(cv2.calcHist([gray], [0], mask, [256], [0, 256]).ravel(), np.float32)


def quantile(counts: NDArray[np.float32], share: float) -> float:
    """Return the smallest value at or below which at least this share of the pixels lies, from a histogram (256,)."""
    cumulative = np.cumsum(counts)
    return float(np.searchsorted(cumulative, share * cumulative[-1]))


def otsu_threshold(counts: NDArray[np.float64], noise: int) -> int:
    """Return Otsu's threshold of the values that exceed the noise.

    Args:
        counts: histogram, float64 (256,); the noise is set to 0 in place.
        noise: values below it are ignored.

    Returns:
        The threshold, `MIN_THRESHOLD` to `MAX_THRESHOLD`; 255 if no value exceeds the noise.
    """
    counts[: min(noise, MAX_THRESHOLD)] = 0
    cumulative = np.cumsum(counts)
    if cumulative[-1] == 0:
        return 255
    sums = np.cumsum(counts * np.arange(256))
    mean_below = sums / np.maximum(cumulative, 1)
    mean_above = (sums[-1] - sums) / np.maximum(cumulative[-1] - cumulative, 1)
    variance_between = cumulative * (cumulative[-1] - cumulative) * (mean_above - mean_below) ** 2
    return int(np.clip(np.argmax(variance_between), MIN_THRESHOLD, MAX_THRESHOLD))
