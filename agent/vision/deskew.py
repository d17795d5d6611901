"""Deskew: find the angle of the lines of a page, and rotate the ink until they are horizontal.

Lines of text, ruled lines and the borders of boxes all make the row sums of the ink change most sharply when they are
horizontal. The angle at which they do is the skew (projection profiles: H. Baird, The skew angle of printed documents,
1987). Ruled lines and boxes are found only if they are nearly horizontal, and the nets were trained with upright
digits.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.ink import Gray, Ink

SEARCH_PX = 320
"""Longest side of the small copy on which the angle is searched. Raising it costs time. A guess; `docs/thresholds.md`
has its effect."""
MAX_SKEW_DEG = 24.0
"""Largest angle of the coarse search; the fine search adds one coarse step. Raising it costs time, and finds wrong
angles more often. Chosen by trial on drawn pages and the sample pictures."""
COARSE_STEP_DEG = 2.0
"""Step of the coarse search in degrees. Raising it saves time, and may miss the angle. A guess; `docs/thresholds.md`
has its effect."""
FINE_STEP_DEG = 0.5
"""Step of the fine search in degrees, around the best angle of the coarse search. Raising it saves time and leaves more
skew. A guess; `docs/thresholds.md` has its effect."""
MIN_SIDE_PX = 240
"""A working image whose shorter side has fewer pixels than this is not rotated: it has only a line or two, and their
slope may be that of the handwriting, not of the page. Raising it rotates fewer pictures. Chosen by trial on drawn pages
and the sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_SKEW_DEG = 2.0
"""Smaller angles are not corrected: all later steps work with them, and an upright picture stays as sharp as it is.
Lowering it costs time. Chosen by trial on drawn pages and the sample pictures."""
MIN_PROFILE_RATIO = 1.6
"""The profile at the angle must be this many times as sharp as the profile at 0 degrees. Raising it rotates fewer
pictures. Chosen by trial on drawn pages and the sample pictures."""


def deskew(ink: Ink) -> Ink:
    """Return the ink with horizontal lines; the same ink if they are horizontal already or no angle is found."""
    angle_deg = skew_deg(ink)
    if abs(angle_deg) < MIN_SKEW_DEG:
        return ink
    h, w = ink.strength.shape
    rotation = cv2.getRotationMatrix2D((w / 2, h / 2), angle_deg, 1.0)
    rotated_w, rotated_h = (round(float(v)) for v in np.abs(rotation[:, :2]) @ (w, h))
    rotation[:, 2] += (rotated_w - w) / 2, (rotated_h - h) / 2
    rotated = cv2.warpAffine(ink.strength, rotation, (rotated_w, rotated_h), flags=cv2.INTER_LINEAR)
    inverse = np.asarray(cv2.invertAffineTransform(rotation), np.float64)
    return replace(ink, strength=np.asarray(rotated, np.uint8), deskew_inverse=inverse)


def skew_deg(ink: Ink) -> float:
    """Return the angle at which lines rise to the left, in degrees, -26..26; 0 if no angle is found."""
    if min(ink.strength.shape) < MIN_SIDE_PX:
        return 0.0
    _, mask = cv2.threshold(ink.strength, ink.threshold, 255, cv2.THRESH_BINARY)  # without the paper's texture
    small = shrink_mask(np.asarray(mask, np.uint8))
    coarse = np.arange(-MAX_SKEW_DEG, MAX_SKEW_DEG + COARSE_STEP_DEG / 2, COARSE_STEP_DEG)
    best = max(coarse.tolist(), key=lambda angle_deg: profile_sharpness(small, angle_deg))
    fine = best + np.arange(-COARSE_STEP_DEG, COARSE_STEP_DEG + FINE_STEP_DEG / 2, FINE_STEP_DEG)
    best = max(fine.tolist(), key=lambda angle_deg: profile_sharpness(small, angle_deg))
    is_clear = profile_sharpness(small, best) > MIN_PROFILE_RATIO * profile_sharpness(small, 0.0)
    return best if is_clear else 0.0


def shrink_mask(mask: Gray) -> NDArray[np.float32]:
    """Return the small copy of a mask, uint8 (h, w), on which angles are searched."""
    scale = min(1.0, SEARCH_PX / max(mask.shape))
    return np.asarray(cv2.resize(mask, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)


def profile_sharpness(small: NDArray[np.float32], angle_deg: float) -> float:
    """Return the sum of the squared differences of neighbouring row sums after a counter-clockwise rotation."""
    return _sharpness(_rotated(small, angle_deg).sum(axis=1))


def profile_sharpnesses(small: NDArray[np.float32], angle_deg: float) -> tuple[float, float]:
    """Return the same as `profile_sharpness`, of the row sums and of the column sums."""
    rotated = _rotated(small, angle_deg)
    return _sharpness(rotated.sum(axis=1)), _sharpness(rotated.sum(axis=0))


def _sharpness(sums: NDArray[np.float32]) -> float:
    return float(np.square(np.diff(sums)).sum())


def _rotated(small: NDArray[np.float32], angle_deg: float) -> NDArray[np.float32]:
    h, w = small.shape
    side = max(h, w)
    rotation = cv2.getRotationMatrix2D((w / 2, h / 2), angle_deg, 1.0)
    rotation[:, 2] += (side - w) / 2, (side - h) / 2
    return np.asarray(cv2.warpAffine(small, rotation, (side, side), flags=cv2.INTER_LINEAR), np.float32)
