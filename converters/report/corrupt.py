"""Corrupt test images, each kind of corruption at five strengths, in the same way on every call.

Similar to MNIST-C (Mu and Gilmer, MNIST-C: a robustness benchmark for computer vision, 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Glyphs = NDArray[np.uint8]
CorruptImage = Callable[[np.random.Generator, Glyphs, float], Glyphs]
"""Function that takes a random generator, an image, uint8 (28, 28), and a strength, and returns the corrupted image."""

SEED = 0
LEVELS = 5
"""Number of strengths of each kind."""
SIZE_PX = 28
CENTRE = np.array([SIZE_PX - 1, SIZE_PX - 1]) / 2


def corrupt(kind: str, level: int, images: Glyphs) -> Glyphs:
    """Return corrupted images, uint8 (n, 28, 28).

    Args:
        kind: kind of corruption, a key of `CORRUPTIONS`.
        level: strength, 1..5.
        images: uint8 (n, 28, 28).
    """
    corrupt_image, strengths = CORRUPTIONS[kind]
    rng = np.random.default_rng((SEED, level))
    return np.stack([corrupt_image(rng, image, strengths[level - 1]) for image in images])


def _noise(rng: np.random.Generator, image: Glyphs, deviation: float) -> Glyphs:
    return _to_uint8(image + rng.normal(0, deviation, image.shape))


def _blur(_rng: np.random.Generator, image: Glyphs, sigma_px: float) -> Glyphs:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def _rotate(rng: np.random.Generator, image: Glyphs, degrees: float) -> Glyphs:
    angle = np.radians(_random_sign(rng, degrees))
    return _warp(image, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def _shear(rng: np.random.Generator, image: Glyphs, tangent: float) -> Glyphs:
    return _warp(image, np.array([[1, _random_sign(rng, tangent)], [0, 1]]))


def _scale(_rng: np.random.Generator, image: Glyphs, factor: float) -> Glyphs:
    return _warp(image, np.eye(2) * factor)


def _thickness(rng: np.random.Generator, image: Glyphs, share: float) -> Glyphs:
    """Dilate or erode with a 3×3 kernel, and mix the result with the original image; `share` is its weight."""
    kernel = np.ones((3, 3), np.uint8)
    changed = cv2.dilate(image, kernel) if rng.random() < 0.5 else cv2.erode(image, kernel)
    return _to_uint8(image + share * (changed.astype(np.float64) - image))


def _brightness(_rng: np.random.Generator, image: Glyphs, factor: float) -> Glyphs:
    return _to_uint8(image * factor)


def _occlude(rng: np.random.Generator, image: Glyphs, side_px: float) -> Glyphs:
    """Erase a square at a random place on the digit."""
    side, occluded = int(side_px), image.copy()
    x, y = rng.integers(4, SIZE_PX - 4 - side + 1, 2)
    occluded[y : y + side, x : x + side] = 0
    return occluded


def _warp(image: Glyphs, linear: NDArray[np.float64]) -> Glyphs:
    matrix = np.column_stack([linear, CENTRE - linear @ CENTRE])
    return np.asarray(cv2.warpAffine(image, matrix, (SIZE_PX, SIZE_PX), flags=cv2.INTER_LINEAR), np.uint8)


def _random_sign(rng: np.random.Generator, amount: float) -> float:
    return amount if rng.random() < 0.5 else -amount


def _to_uint8(values: NDArray[np.floating[Any]]) -> Glyphs:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


CORRUPTIONS: Mapping[str, tuple[CorruptImage, tuple[float, float, float, float, float]]] = {
    "noise": (_noise, (20, 40, 60, 80, 100)),
    "blur": (_blur, (0.6, 0.9, 1.2, 1.6, 2.0)),
    "rotation": (_rotate, (8, 16, 24, 32, 40)),
    "shear": (_shear, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "scale": (_scale, (0.9, 0.8, 0.7, 0.6, 0.5)),
    "stroke thickness": (_thickness, (0.2, 0.4, 0.6, 0.8, 1.0)),
    "brightness": (_brightness, (0.8, 0.6, 0.45, 0.3, 0.2)),
    "occlusion": (_occlude, (4, 6, 8, 10, 12)),
}
"""Function and five strengths of each kind of corruption; `UNITS` has the units of the strengths."""
UNITS: Mapping[str, str] = {
    "noise": "standard deviation, grey values",
    "blur": "sigma, pixels",
    "rotation": "degrees, left or right",
    "shear": "tangent, left or right",
    "scale": "factor",
    "stroke thickness": "pixels, thicker or thinner",
    "brightness": "factor",
    "occlusion": "side of the square, pixels",
}
"""Unit of the strengths of each kind, as the charts show it."""
