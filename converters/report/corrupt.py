"""Test images made harder, each kind at five strengths; the same images are harmed in the same way every time.

In the manner of MNIST-C (Mu and Gilmer, MNIST-C: a robustness benchmark for computer vision, 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Glyphs = NDArray[np.uint8]
Harm = Callable[[np.random.Generator, Glyphs, float], Glyphs]

SEED = 0
SIZE_PX = 28
CENTRE = np.array([SIZE_PX - 1, SIZE_PX - 1]) / 2


def corrupt(kind: str, level: int, images: Glyphs) -> Glyphs:
    """Images, uint8 (n, 28, 28), harmed in one way of `KINDS`, at level 1..5."""
    harm, strengths = KINDS[kind]
    rng = np.random.default_rng((SEED, level))
    return np.stack([harm(rng, image, strengths[level - 1]) for image in images])


def _noise(rng: np.random.Generator, image: Glyphs, deviation: float) -> Glyphs:
    return _bytes(image + rng.normal(0, deviation, image.shape))


def _blur(_rng: np.random.Generator, image: Glyphs, sigma_px: float) -> Glyphs:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def _rotate(rng: np.random.Generator, image: Glyphs, degrees: float) -> Glyphs:
    angle = np.radians(_either_way(rng, degrees))
    return _warp(image, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def _shear(rng: np.random.Generator, image: Glyphs, tangent: float) -> Glyphs:
    return _warp(image, np.array([[1, _either_way(rng, tangent)], [0, 1]]))


def _scale(_rng: np.random.Generator, image: Glyphs, factor: float) -> Glyphs:
    return _warp(image, np.eye(2) * factor)


def _thickness(rng: np.random.Generator, image: Glyphs, share: float) -> Glyphs:
    """As far as a 3×3 brush or eraser goes, or a share of that way."""
    brush = np.ones((3, 3), np.uint8)
    changed = cv2.dilate(image, brush) if rng.random() < 0.5 else cv2.erode(image, brush)
    return _bytes(image + share * (changed.astype(np.float64) - image))


def _brightness(_rng: np.random.Generator, image: Glyphs, factor: float) -> Glyphs:
    return _bytes(image * factor)


def _occlude(rng: np.random.Generator, image: Glyphs, side_px: float) -> Glyphs:
    """A square without ink, somewhere on the digit."""
    side, hidden = int(side_px), image.copy()
    x, y = rng.integers(4, SIZE_PX - 4 - side + 1, 2)
    hidden[y : y + side, x : x + side] = 0
    return hidden


def _warp(image: Glyphs, turn: NDArray[np.float64]) -> Glyphs:
    matrix = np.column_stack([turn, CENTRE - turn @ CENTRE])
    return np.asarray(cv2.warpAffine(image, matrix, (SIZE_PX, SIZE_PX), flags=cv2.INTER_LINEAR), np.uint8)


def _either_way(rng: np.random.Generator, amount: float) -> float:
    return amount if rng.random() < 0.5 else -amount


def _bytes(values: NDArray[np.floating[Any]]) -> Glyphs:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


KINDS: Mapping[str, tuple[Harm, tuple[float, float, float, float, float]]] = {
    "noise": (_noise, (20, 40, 60, 80, 100)),
    "blur": (_blur, (0.6, 0.9, 1.2, 1.6, 2.0)),
    "rotation": (_rotate, (8, 16, 24, 32, 40)),
    "shear": (_shear, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "scale": (_scale, (0.9, 0.8, 0.7, 0.6, 0.5)),
    "stroke thickness": (_thickness, (0.2, 0.4, 0.6, 0.8, 1.0)),
    "brightness": (_brightness, (0.8, 0.6, 0.45, 0.3, 0.2)),
    "occlusion": (_occlude, (4, 6, 8, 10, 12)),
}
"""Each kind with its strengths: grey values, pixels, degrees, tangents, factors, shares of a pixel, factors, pixels."""
UNITS: Mapping[str, str] = {
    "noise": "standard deviation, grey values",
    "blur": "sigma, pixels",
    "rotation": "degrees, either way",
    "shear": "tangent, either way",
    "scale": "of its size",
    "stroke thickness": "share of a pixel, either way",
    "brightness": "of its brightness",
    "occlusion": "side of a square, pixels",
}
