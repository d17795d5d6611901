"""From a picture to ink: how much darker each pixel is than the paper around it.

Light falls off, shadows lie across, inks are coloured: dividing by the paper's own brightness, channel by channel,
takes most of that away before any threshold is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

SMALL_PX = 420
"""Pictures whose longest side is shorter are enlarged: strokes one pixel wide hold no shape."""
PAPER_MAP_PX = 240
"""Longest side of the small picture on which the paper is estimated."""
PAPER_REACH = 0.11
"""Reach of the paper's estimate, as a share of the longest side: more than half a digit, less than a shadow."""
NOISE_SIGMAS = 4.0
"""Ink must stand out from the paper's own texture by this much."""


@dataclass(frozen=True, eq=False)
class Ink:
    """What stands out from the paper, at the working scale."""

    strength: Gray
    """uint8 (h, w): 0 is paper, 255 is as dark as ink gets."""
    scale: float
    """Working pixels to one pixel of the picture."""
    level: int
    """The strength that best parts ink from paper."""


def find_ink(image: NDArray[np.uint8], longest_px: int) -> Ink:
    """What stands out from the paper, dark on light or light on dark.

    Args:
        image: BGR, uint8 (H, W, 3).
        longest_px: longest side of the working picture; larger pictures are reduced to it.
    """
    picture, scale = _to_working_scale(image, longest_px)
    paper = _paper(picture)
    if _dark_on_light(picture, paper):
        contrast = _darkness(picture, paper)
    else:
        contrast = _darkness(255 - picture, _paper(255 - picture))
    contrast = np.asarray(cv2.GaussianBlur(contrast, (0, 0), 0.8), np.float32)
    noise = NOISE_SIGMAS * float(np.median(contrast)) + 0.02
    top = max(float(np.quantile(contrast, 0.998)), noise + 0.08)
    strength = np.clip(contrast * (255 / top), 0, 255).astype(np.uint8)
    level = _level(strength, int(255 * noise / top))
    return Ink(strength, scale, level)


def _to_working_scale(image: NDArray[np.uint8], longest_px: int) -> tuple[NDArray[np.uint8], float]:
    longest = max(image.shape[:2])
    if longest > longest_px:
        scale = longest_px / longest
        method = cv2.INTER_AREA
    elif longest < SMALL_PX:
        scale = 2.0
        method = cv2.INTER_CUBIC
    else:
        return image, 1.0
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8), scale


def _dark_on_light(picture: NDArray[np.uint8], paper: NDArray[np.float32]) -> bool:
    """Whether the strongest contrasts are darker than the paper (pen), not lighter (chalk)."""
    difference = (paper - picture).ravel()
    darkest, lightest = np.quantile(difference, (0.99, 0.01))
    return bool(darkest >= -lightest)


def _darkness(picture: NDArray[np.uint8], paper: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much darker than the paper, float32 (h, w) in 0..1: the channel that shows it most."""
    ratio = cv2.divide(picture.astype(np.float32), paper)
    return np.asarray(np.clip(1 - ratio.min(axis=2), 0, 1), np.float32)


def _paper(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The paper's brightness, float32 (h, w, 3): a wide median of a small picture whose strokes are filled in."""
    h, w = picture.shape[:2]
    factor = min(1.0, PAPER_MAP_PX / max(h, w))
    size = (max(1, round(w * factor)), max(1, round(h * factor)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    reach = max(3, round(PAPER_REACH * max(size)) | 1)
    without_strokes = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    paper = cv2.medianBlur(without_strokes, reach)
    smooth = cv2.GaussianBlur(paper, (0, 0), reach / 4)
    return np.maximum(cv2.resize(smooth, (w, h), interpolation=cv2.INTER_LINEAR), 16).astype(np.float32)


def _level(strength: Gray, noise: int) -> int:
    """Otsu's threshold among the pixels that are more than noise."""
    histogram = cv2.calcHist([strength], [0], None, [256], [0, 256]).ravel()
    histogram[: min(noise, 200)] = 0
    counts = np.cumsum(histogram)
    if counts[-1] == 0:
        return 255
    sums = np.cumsum(histogram * np.arange(256))
    below = sums / np.maximum(counts, 1)
    above = (sums[-1] - sums) / np.maximum(counts[-1] - counts, 1)
    between = counts * (counts[-1] - counts) * (above - below) ** 2
    return int(np.clip(np.argmax(between), 24, 200))
