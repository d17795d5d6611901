"""How the camera stands to the paper: turned, tilted, and the paper not quite flat."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(n, 2), x and y; whole numbers are the middles of pixels."""


@dataclass(frozen=True, eq=False)
class View:
    """From the paper to the picture: first its bow, then a projection."""

    size: tuple[int, int]
    """Width and height of the picture."""
    page_size: tuple[int, int]
    """Width and height of the paper to be drawn."""
    matrix: NDArray[np.float64]
    """(3, 3), paper to picture."""
    bow: tuple[float, float, float]
    """How far the paper's rows rise and fall, their turn per pixel and where they begin."""

    @property
    def is_plain(self) -> bool:
        """Whether picture and paper are the same, pixel by pixel."""
        return self.bow[0] == 0 and np.array_equal(self.matrix, np.eye(3))

    def forward(self, points: Points) -> Points:
        """Where points of the paper lie in the picture."""
        bent = np.column_stack([points[:, 0], points[:, 1] + self._rise(points[:, 0]), np.ones(len(points))])
        seen = bent @ self.matrix.T
        return np.asarray(seen[:, :2] / seen[:, 2:])

    def look(self, page: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        """The picture, and a mask, 255 where it shows paper; no mask where there is nothing but paper."""
        if self.is_plain:
            return page, None
        w, h = self.size
        back = np.linalg.inv(self.matrix).astype(np.float32)
        xs, ys = np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32)[:, None]
        depth = back[2, 0] * xs + back[2, 1] * ys + back[2, 2]
        x = (back[0, 0] * xs + back[0, 1] * ys + back[0, 2]) / depth
        y = (back[1, 0] * xs + back[1, 1] * ys + back[1, 2]) / depth
        if self.bow[0]:
            y -= self._rise(x).astype(np.float32)
        picture = cv2.remap(page, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        page_w, page_h = self.page_size
        inside = (x > -0.5) & (x < page_w - 0.5) & (y > -0.5) & (y < page_h - 0.5)
        return np.asarray(picture, np.uint8), None if inside.all() else inside.astype(np.uint8) * np.uint8(255)

    def _rise(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        amplitude, turn, start = self.bow
        return np.asarray(amplitude * np.sin(turn * x + start))


def straight(w: int, h: int) -> View:
    """A sheet that fills the picture, pixel by pixel."""
    return View((w, h), (w, h), np.eye(3), (0.0, 0.0, 0.0))


def choose_view(rng: np.random.Generator, w: int, h: int, turn_deg: float) -> View:
    """A sheet turned so far, tilted and bowed a little, which fills the picture or lies on a table."""
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    turned = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    tilted = np.eye(3)
    tilted[0, 1] = rng.normal(0, 0.03)
    tilted[2, :2] = np.clip(rng.normal(0, 0.1, 2), -0.2, 0.2) / (w, h)
    matrix = _shift(w / 2, h / 2) @ turned @ tilted @ _shift(-w / 2, -h / 2)
    bow = (rng.normal(0, 0.012) * h, rng.uniform(0.5, 2) * np.pi / w, rng.uniform(0, 6))
    bow = bow if rng.random() < 0.4 else (0.0, 0.0, 0.0)
    if rng.random() < 0.2:  # the table shows around the sheet
        page_w, page_h = round(w * rng.uniform(0.75, 1)), round(h * rng.uniform(0.75, 1))
        return View((w, h), (page_w, page_h), matrix @ _shift((w - page_w) / 2, (h - page_h) / 2), bow)
    corners = np.array([[[0, 0], [w, 0], [w, h], [0, h]]], np.float64)
    seen = cv2.perspectiveTransform(corners, np.linalg.inv(matrix))[0]
    margin = abs(bow[0]) + 1
    low, high = np.floor(seen.min(axis=0) - margin), np.ceil(seen.max(axis=0) + margin)
    return View((w, h), (int(high[0] - low[0]), int(high[1] - low[1])), matrix @ _shift(low[0], low[1]), bow)


def enlarged(view: View, factor: float) -> View:
    """The same view in a picture of another size."""
    w, h = (round(side * factor) for side in view.size)
    return replace(view, size=(w, h), matrix=np.diag([factor, factor, 1]) @ view.matrix)


def _shift(x: float, y: float) -> NDArray[np.float64]:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)
