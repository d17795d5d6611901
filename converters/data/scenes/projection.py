"""Perspective projection of a canvas into an image, with rotation, tilt and a curled paper."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture, BGR uint8 (h, w, 3)."""
Points = NDArray[np.float64]
"""Points: x and y of each, float64 (n, 2); integers are pixel centres."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A map from canvas to image: first the curl of the paper, then a homography."""

    size: tuple[int, int]
    """Width and height of the image."""
    canvas_size: tuple[int, int]
    """Width and height of the canvas."""
    matrix: NDArray[np.float64]
    """Homography from canvas to image, float64 (3, 3)."""
    curl: tuple[float, float, float]
    """Curl of the paper as a sine of x: amplitude in pixels, angular frequency per pixel, phase."""

    @property
    def is_identity(self) -> bool:
        """Whether image and canvas are the same, pixel by pixel."""
        return self.curl[0] == 0 and np.array_equal(self.matrix, np.eye(3))

    def project(self, points: Points) -> Points:
        """Project points from the canvas into the image."""
        curled = np.column_stack([points[:, 0], points[:, 1] + self._curl_offset(points[:, 0]), np.ones(len(points))])
        projected = curled @ self.matrix.T
        return np.asarray(projected[:, :2] / projected[:, 2:])

    def warp(self, canvas: Image) -> tuple[Image, Image | None]:
        """Return the image of a canvas, and a mask that is 255 on paper; None instead of the mask if all is paper.

        Args:
            canvas: BGR uint8 (h, w, 3) of `canvas_size`.
        """
        if self.is_identity:
            return canvas, None
        w, h = self.size
        back = np.linalg.inv(self.matrix).astype(np.float32)
        xs, ys = np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32)[:, None]
        depth = back[2, 0] * xs + back[2, 1] * ys + back[2, 2]
        x = (back[0, 0] * xs + back[0, 1] * ys + back[0, 2]) / depth
        y = (back[1, 0] * xs + back[1, 1] * ys + back[1, 2]) / depth
        if self.curl[0]:
            y -= self._curl_offset(x).astype(np.float32)
        image = cv2.remap(canvas, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        canvas_w, canvas_h = self.canvas_size
        inside = (x > -0.5) & (x < canvas_w - 0.5) & (y > -0.5) & (y < canvas_h - 0.5)
        return np.asarray(image, np.uint8), None if inside.all() else inside.astype(np.uint8) * np.uint8(255)

    def _curl_offset(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        amplitude, turn, start = self.curl
        return np.asarray(amplitude * np.sin(turn * x + start))


def identity_projection(w: int, h: int) -> Projection:
    """Return the projection that maps a canvas of this size onto an equal image."""
    return Projection((w, h), (w, h), np.eye(3), (0.0, 0.0, 0.0))


def random_projection(rng: np.random.Generator, w: int, h: int, rotation_deg: float) -> Projection:
    """Return a random projection with some tilt and curl: the canvas fills the image, or lies on a table.

    Args:
        rng: random generator.
        w: width of the image.
        h: height of the image.
        rotation_deg: rotation of the canvas, clockwise.
    """
    cos, sin = np.cos(np.radians(rotation_deg)), np.sin(np.radians(rotation_deg))
    turned = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    tilted = np.eye(3)
    tilted[0, 1] = rng.normal(0, 0.03)
    tilted[2, :2] = np.clip(rng.normal(0, 0.1, 2), -0.2, 0.2) / (w, h)
    matrix = _shift(w / 2, h / 2) @ turned @ tilted @ _shift(-w / 2, -h / 2)
    curl = (rng.normal(0, 0.012) * h, rng.uniform(0.5, 2) * np.pi / w, rng.uniform(0, 6))
    curl = curl if rng.random() < 0.4 else (0.0, 0.0, 0.0)
    if rng.random() < 0.2:  # the table is visible around the paper
        canvas_w, canvas_h = round(w * rng.uniform(0.75, 1)), round(h * rng.uniform(0.75, 1))
        return Projection((w, h), (canvas_w, canvas_h), matrix @ _shift((w - canvas_w) / 2, (h - canvas_h) / 2), curl)
    corners = np.array([[[0, 0], [w, 0], [w, h], [0, h]]], np.float64)
    projected = cv2.perspectiveTransform(corners, np.linalg.inv(matrix))[0]
    margin = abs(curl[0]) + 1
    low, high = np.floor(projected.min(axis=0) - margin), np.ceil(projected.max(axis=0) + margin)
    return Projection((w, h), (int(high[0] - low[0]), int(high[1] - low[1])), matrix @ _shift(low[0], low[1]), curl)


def scaled(projection: Projection, factor: float) -> Projection:
    """Return the same projection into an image that is scaled by a factor."""
    w, h = (round(side * factor) for side in projection.size)
    return replace(projection, size=(w, h), matrix=np.diag([factor, factor, 1]) @ projection.matrix)


def _shift(x: float, y: float) -> NDArray[np.float64]:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)
