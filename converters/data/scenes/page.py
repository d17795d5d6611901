"""A sheet that is written on, and what stands where on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from converters.data.scenes.strokes import Coverage
from converters.data.scenes.view import Points, View

Picture = NDArray[np.uint8]
Spot = tuple[float, float]
"""Left and top, in pixels."""
Area = tuple[float, float, float, float]
"""Left, top, width and height, in pixels."""
FULL = 90
"""Coverage from which on a pixel belongs to a digit's box."""
SMALLEST_PX = 9
"""Nobody reads lower digits."""
OVERWRITTEN = 0.6
"""Nor digits whose boxes share so much of the smaller one."""
FAINTEST = 0.045
"""Nor ink that differs from its paper by less, of the range from black to white."""
WHOLE = 0.93
"""So much of a digit's box must lie in the picture."""
LEAST_PX = 40
"""The smallest side of a part that is cut out of a scene."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and the digits that stand in it."""

    image: Picture
    """BGR, uint8 (H, W, 3)."""
    digits: tuple[tuple[int, Box], ...]
    """Label and box, tight around the ink, in pixels."""
    ignored: tuple[Box, ...] = ()
    """What may be called a digit or not: printed, cut off by the edge, or hardly to be seen."""


def crop(rng: np.random.Generator, scene: Scene) -> Scene:
    """A small part of a scene; a digit of which more than a little is cut off is to be ignored."""
    h, w = scene.image.shape[:2]
    (x0, x1), (y0, y1) = (sorted(rng.integers(0, side + 1, 2).tolist()) for side in (w, h))
    x0, y0 = min(x0, w - LEAST_PX), min(y0, h - LEAST_PX)
    x1, y1 = max(x1, x0 + LEAST_PX), max(y1, y0 + LEAST_PX)
    part = Box(x0, y0, x1 - x0, y1 - y0)
    digits = [(label, box, *_within(box, part)) for label, box in scene.digits]
    ignored = [_within(box, part) for box in scene.ignored]
    return Scene(
        np.ascontiguousarray(scene.image[y0:y1, x0:x1]),
        tuple((label, seen) for label, _, seen, visible in digits if visible > WHOLE),
        tuple(seen for _, _, seen, visible in digits if 0 < visible <= WHOLE)
        + tuple(seen for seen, visible in ignored if visible),
    )


@dataclass(frozen=True, eq=False)
class Ink:
    """What a pen leaves."""

    colour: NDArray[np.float32]
    """BGR, 0..255."""
    opacity: float = 0.9
    grain: float = 0.0
    """How much of the paper's roughness shows in it, 0..1: pencil and chalk."""


@dataclass(frozen=True, eq=False)
class Mark:
    """A digit on the sheet."""

    label: int | None
    """None where it is to be ignored."""
    outline: Points
    inside: Points
    """Some points in the midst of the ink ..."""
    around: Points
    """... and some on the paper beside it."""


@dataclass(frozen=True, eq=False)
class Page:
    """The sheet, and the digits written on it so far."""

    rng: np.random.Generator
    image: Picture
    """BGR, uint8 (h, w, 3)."""
    marks: list[Mark] = field(default_factory=list)

    @property
    def w(self) -> int:
        return int(self.image.shape[1])

    @property
    def h(self) -> int:
        return int(self.image.shape[0])

    @property
    def is_full(self) -> bool:
        """Whether it bears as many digits as are worth the time to draw them."""
        return len(self.marks) >= max(60, self.w * self.h / 4000)

    def stamp(self, coverage: Coverage, at: Spot, ink: Ink) -> None:
        """Put ink on the sheet with its left top corner at a spot; what lies outside is lost."""
        left, top = round(at[0]), round(at[1])
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.w, left + coverage.shape[1]), min(self.h, top + coverage.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        alpha = coverage[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32) * (ink.opacity / 255)
        if ink.grain:
            rough = self.rng.normal(1, ink.grain, ((y1 - y0) // 2 + 1, (x1 - x0) // 2 + 1)).astype(np.float32)
            alpha *= np.clip(cv2.resize(rough, (x1 - x0, y1 - y0)), 0, 1)
        here = self.image[y0:y1, x0:x1]
        here[:] = np.rint(here * (1 - alpha[..., None]) + alpha[..., None] * ink.colour)

    def write(self, label: int | None, coverage: Coverage, at: Spot, ink: Ink) -> None:
        """Put a digit on the sheet and remember it; without a label it is to be ignored."""
        self.stamp(coverage, at, ink)
        corner = np.rint(np.array(at, np.float64))
        padded = cv2.copyMakeBorder((coverage > FULL).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
        contours, _ = cv2.findContours(padded, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outline = np.concatenate([np.zeros((0, 2)), *(c[:, 0] for c in contours)]) - 1 + corner
        kept = outline[((outline >= 0) & (outline < (self.w, self.h))).all(axis=1)]
        if not len(kept):
            return
        inside, around = _some(coverage > 0.7 * coverage.max()), _some(coverage < 10)
        whole = len(kept) == len(outline)  # not cut off by the sheet's edge
        self.marks.append(Mark(label if whole else None, kept, inside + corner, around + corner))

    def show(self, view: View, picture: Picture) -> Scene:
        """The scene, where `picture` is the sheet as seen."""
        seen = [(mark, *_box(view.forward(mark.outline), view.size)) for mark in self.marks]
        covered = _covered([box for _, box, _ in seen])
        digits, ignored = [], []
        for (mark, box, visible), hidden in zip(seen, covered, strict=True):
            if visible < 0.1:
                continue
            readable = box.h >= SMALLEST_PX and visible > WHOLE and not hidden
            if mark.label is not None and readable and _contrast(picture, view, mark) >= FAINTEST * 255:
                digits.append((mark.label, box))
            else:
                ignored.append(box)
        return Scene(picture, tuple(digits), tuple(ignored))


def _some(mask: NDArray[np.bool_]) -> Points:
    """At most four dozen points of a mask, evenly picked."""
    ys, xs = np.nonzero(mask)
    every = max(1, len(xs) // 24)
    return np.column_stack([xs[::every], ys[::every]]).astype(np.float64)


def _box(outline: Points, size: tuple[int, int]) -> tuple[Box, float]:
    """The part of the box around the points that lies in the picture, and how much of the box that is."""
    left, top = np.rint(outline.min(axis=0)).astype(int).tolist()
    right, bottom = (np.rint(outline.max(axis=0)).astype(int) + 1).tolist()
    return _within(Box(left, top, right - left, bottom - top), Box(0, 0, *size))


def _within(box: Box, part: Box) -> tuple[Box, float]:
    """What of a box lies in a part of the picture, in that part's pixels, and how much of the box that is."""
    x0, y0 = max(box.x, part.x), max(box.y, part.y)
    w, h = max(0, min(box.right, part.right) - x0), max(0, min(box.bottom, part.bottom) - y0)
    return Box(x0 - part.x, y0 - part.y, w, h), w * h / (box.w * box.h)


def _covered(boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """Which digits another digit stands on, or in."""
    x, y, w, h = np.array(boxes, np.float64).reshape(-1, 4).T
    across = np.minimum.outer(x + w, x + w) - np.maximum.outer(x, x)
    down = np.minimum.outer(y + h, y + h) - np.maximum.outer(y, y)
    shared = np.clip(across, 0, None) * np.clip(down, 0, None)
    np.fill_diagonal(shared, 0)
    return np.asarray((shared > OVERWRITTEN * np.minimum.outer(w * h, w * h)).any(axis=1))


def _contrast(picture: Picture, view: View, mark: Mark) -> float:
    """How far the ink differs from the paper beside it, in levels of 0..255."""
    levels = []
    for points in (mark.inside, mark.around):
        seen = np.rint(view.forward(points)).astype(int) if len(points) else np.zeros((0, 2), int)
        seen = seen[((seen >= 0) & (seen < view.size)).all(axis=1)]
        if not len(seen):
            return 255.0  # too fine or too full to be measured so, and then clear enough
        levels.append(np.median(picture[seen[:, 1], seen[:, 0]], axis=0))
    return float(abs(levels[0] - levels[1]).max())
