"""Takes of a real picture: its paper as other hands might have written on it, and other cameras seen it.

Real pictures are few, and what a large net learns from each as it stands it knows by heart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from converters.data.scenes import Scene
from converters.data.scenes.camera import scan, snapshot

Matrix = NDArray[np.float64]
"""float64 (2, 3), from a picture to its take."""

TURN, SLANT, STRETCH = 0.04, 0.10, 0.10
"""Standard deviations: radians, tangent, logarithm."""
SIZES = (0.55, 1.3)
"""How large a take is, compared with its picture."""
CORNER = 0.25
"""So much of each side is cut off a box's corners before it is turned: ink seldom fills them."""


def takes(scenes: Iterable[Scene], count: int) -> Iterator[Scene]:
    """Each scene as it is, and then anew until there are `count` of it; the same scenes give the same takes."""
    for number, scene in enumerate(scenes):
        rng = np.random.default_rng(number)
        yield scene
        for _ in range(count - 1):
            yield take(rng, scene)


def take(rng: np.random.Generator, scene: Scene) -> Scene:
    """A scene a little turned, slanted, stretched and of another size, in other light, through another lens."""
    h, w = scene.image.shape[:2]
    matrix, size = _choose_view(rng, w, h)
    seen = cv2.warpAffine(scene.image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    picture = np.asarray(seen, np.uint8)
    picture = scan(rng, picture) if rng.random() < 0.3 else snapshot(rng, picture)
    digits = tuple((label, _moved(box, matrix)) for label, box in scene.digits)
    return Scene(picture, digits, tuple(_moved(box, matrix) for box in scene.ignored))


def _choose_view(rng: np.random.Generator, w: int, h: int) -> tuple[Matrix, tuple[int, int]]:
    """What the picture's points are multiplied with, and the size, width and height, that holds them all."""
    turn, slant = rng.normal(0, TURN), rng.normal(0, SLANT)
    stretch = np.exp(rng.normal(0, STRETCH)) ** np.array([1, -1])
    cos, sin = np.cos(turn), np.sin(turn)
    change = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, slant], [0, 1]]) * stretch
    change *= np.exp(rng.uniform(*np.log(SIZES)))
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]]) @ change.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    across, down = np.maximum(1, np.rint(high - low)).astype(int).tolist()
    return np.column_stack([change, -low]), (across, down)


def _moved(box: Box, matrix: Matrix) -> Box:
    """About what a box is around once its ink has moved: the octagon in it has."""
    near, far = CORNER, 1 - CORNER
    octagon = np.array([(near, 0), (far, 0), (1, near), (1, far), (far, 1), (near, 1), (0, far), (0, near)])
    points = (octagon * (box.w, box.h) + (box.x, box.y)) @ matrix[:, :2].T + matrix[:, 2]
    (x, y), (right, bottom) = np.rint(points.min(axis=0)).astype(int), np.rint(points.max(axis=0)).astype(int)
    return Box(int(x), int(y), max(1, int(right - x)), max(1, int(bottom - y)))
