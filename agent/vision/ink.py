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
Picture = NDArray[np.uint8]

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


def find_ink(image: Picture, longest_px: int) -> Ink:
    """What stands out from the paper, dark on light or light on dark.

    Args:
        image: BGR, uint8 (H, W, 3).
        longest_px: longest side of the working picture; larger pictures are reduced to it.
    """
    picture, scale = _to_working_scale(image, longest_px)
    paper = _paper(picture)
    if not _dark_on_light(picture, paper):
        picture = np.asarray(cv2.bitwise_not(picture), np.uint8)
        paper = _paper(picture)
    contrast = cv2.GaussianBlur(_darkness(picture, paper), (0, 0), 0.8)
    shares = np.cumsum(cv2.calcHist([contrast], [0], None, [256], [0, 256])) / contrast.size
    noise = NOISE_SIGMAS * float(np.searchsorted(shares, 0.5)) + 5
    top = max(float(np.searchsorted(shares, 0.998)), noise + 20)
    strength = np.asarray(cv2.convertScaleAbs(contrast, alpha=255 / top), np.uint8)
    return Ink(strength, scale, _level(strength, int(255 * noise / top)))


def _to_working_scale(image: Picture, longest_px: int) -> tuple[Picture, float]:
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


def _dark_on_light(picture: Picture, paper: Picture) -> bool:
    """Whether the strongest contrasts are darker than the paper (pen), not lighter (chalk)."""
    # Every third pixel tells as much.
    difference = paper[::3, ::3].astype(np.int16) - picture[::3, ::3]
    lightest, darkest = np.quantile(difference, (0.01, 0.99))
    return bool(darkest >= -lightest)


def _darkness(picture: Picture, paper: Picture) -> Gray:
    """How much darker than the paper, uint8 (h, w): the channel that shows it most; 255 is black on white."""
    blue, green, red = cv2.split(cv2.divide(picture, paper, scale=255))
    return np.asarray(cv2.bitwise_not(cv2.min(cv2.min(blue, green), red)), np.uint8)


def _paper(picture: Picture) -> Picture:
    """The paper's brightness, uint8 (h, w, 3): a wide median of a small picture whose strokes are filled in."""
    h, w = picture.shape[:2]
    factor = min(1.0, PAPER_MAP_PX / max(h, w))
    size = (max(1, round(w * factor)), max(1, round(h * factor)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    reach = max(3, round(PAPER_REACH * max(size)) | 1)
    without_strokes = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    smooth = cv2.GaussianBlur(cv2.medianBlur(without_strokes, reach), (0, 0), reach / 4)
    # Nothing is read in what is darker than this: dividing by it would make ink of noise.
    bright = cv2.max(smooth, np.full_like(smooth, 16))
    return np.asarray(cv2.resize(bright, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)


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
