"""The canvas that a scene is drawn on, and the ground truth of the scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.strokes import Coverage
from agent.vision.box import Box
from converters.data.scenes.projection import Image, Points, Projection

Point = tuple[float, float]
"""A point: x and y, in pixels of the canvas."""
Rect = tuple[float, float, float, float]
"""Left, top, width and height, in pixels of the canvas."""
MIN_COVERAGE = 90
"""Coverage, 0..255, above which a pixel belongs to a digit's box. Chosen by trial."""
MIN_DIGIT_PX = 9
"""Digits lower than this, in pixels of the image, are ignored: people cannot read them. Chosen by trial."""
MAX_OVERLAP = 0.6
"""Two digits are ignored if their boxes share more than this part of the smaller box: they are written over each other.
Chosen by trial."""
MIN_CONTRAST = 0.045
"""Digits with less contrast to the paper, as a share of the range from black to white, are ignored. Chosen by trial."""
MIN_VISIBLE_SHARE = 0.93
"""Digits with less than this share of their box inside the image are ignored. Chosen by trial."""
MIN_CROP_PX = 40
"""Shortest side of a random crop of a scene."""


@dataclass(frozen=True, eq=False)
class Scene:
    """An image and its ground truth: the digits in it."""

    image: Image
    """The picture, BGR uint8 (H, W, 3)."""
    digits: tuple[tuple[int, Box], ...]
    """Label, 0..9, and box of each digit, tight around the ink, in pixels."""
    ignored: tuple[Box, ...] = ()
    """Boxes in which a detection is neither right nor wrong: ambiguous, cut off, overwritten, tiny or faint digits."""


def crop(rng: np.random.Generator, scene: Scene) -> Scene:
    """Return a random part of a scene. A digit that is cut off by more than 7 % moves to `ignored`."""
    h, w = scene.image.shape[:2]
    (x0, x1), (y0, y1) = (sorted(rng.integers(0, side + 1, 2).tolist()) for side in (w, h))
    x0, y0 = min(x0, w - MIN_CROP_PX), min(y0, h - MIN_CROP_PX)
    x1, y1 = max(x1, x0 + MIN_CROP_PX), max(y1, y0 + MIN_CROP_PX)
    part = Box(x0, y0, x1 - x0, y1 - y0)
    digits = [(label, box, *_clip(box, part)) for label, box in scene.digits]
    ignored = [_clip(box, part) for box in scene.ignored]
    return Scene(
        np.ascontiguousarray(scene.image[y0:y1, x0:x1]),
        tuple((label, clipped) for label, _, clipped, visible in digits if visible > MIN_VISIBLE_SHARE),
        tuple(clipped for _, _, clipped, visible in digits if 0 < visible <= MIN_VISIBLE_SHARE)
        + tuple(clipped for clipped, visible in ignored if visible),
    )


@dataclass(frozen=True, eq=False)
class InkStyle:
    """How ink looks on the paper."""

    colour: NDArray[np.float32]
    """Colour of the ink: blue, green, red, each 0..255."""
    opacity: float = 0.9
    """Share of the paper's colour that the ink covers, 0..1."""
    grain: float = 0.0
    """Standard deviation of the opacity, caused by rough paper, 0..1. Above 0 for pencil and chalk."""


@dataclass(frozen=True, eq=False)
class DigitAnnotation:
    """Ground truth of a digit on the canvas."""

    label: int | None
    """The digit, 0..9; None if it is to be ignored."""
    outline: Points
    """Contour points of the ink, in pixels of the canvas."""
    inside: Points
    """Sample points inside the ink, to measure its contrast."""
    around: Points
    """Sample points on the paper beside the ink, to measure its contrast."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """An image to draw on, and the ground truth of the digits drawn so far."""

    rng: np.random.Generator
    image: Image
    """The picture, BGR uint8 (h, w, 3); drawn on in place."""
    annotations: list[DigitAnnotation] = field(default_factory=list)

    @property
    def w(self) -> int:
        return int(self.image.shape[1])

    @property
    def h(self) -> int:
        return int(self.image.shape[0])

    @property
    def is_full(self) -> bool:
        """Whether there are enough digits: more would cost time and teach little."""
        return len(self.annotations) >= max(60, self.w * self.h / 4000)

    def blend(self, coverage: Coverage, at: Point, ink: InkStyle) -> None:
        """Blend ink into the image; the part outside the image is dropped.

        Args:
            coverage: share of each pixel that is inked, uint8 (h, w).
            at: position of its top left corner.
            ink: colour, opacity and grain.
        """
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

    def draw_digit(self, label: int | None, coverage: Coverage, at: Point, ink: InkStyle) -> None:
        """Draw a digit and add its ground truth.

        Args:
            label: 0..9; None if the digit is to be ignored.
            coverage: share of each pixel that is inked, uint8 (h, w).
            at: position of its top left corner.
            ink: colour, opacity and grain.
        """
        self.blend(coverage, at, ink)
        corner = np.rint(np.array(at, np.float64))
        padded = cv2.copyMakeBorder((coverage > MIN_COVERAGE).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
        contours, _ = cv2.findContours(padded, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outline = np.concatenate([np.zeros((0, 2)), *(c[:, 0] for c in contours)]) - 1 + corner
        kept = outline[((outline >= 0) & (outline < (self.w, self.h))).all(axis=1)]
        if not len(kept):
            return
        inside, around = _sample_points(coverage > 0.7 * coverage.max()), _sample_points(coverage < 10)
        whole = len(kept) == len(outline)  # False if the edge of the canvas cuts the digit off
        self.annotations.append(DigitAnnotation(label if whole else None, kept, inside + corner, around + corner))

    def to_scene(self, projection: Projection, photo: Image) -> Scene:
        """Return the scene of a photo of this canvas.

        Args:
            projection: projection from the canvas into the photo.
            photo: the photo, BGR uint8.
        """
        visible_annotations = [
            (annotation, *_visible_box(projection.project(annotation.outline), projection.size))
            for annotation in self.annotations
        ]
        covered = _overlapped([box for _, box, _ in visible_annotations])
        digits, ignored = [], []
        for (annotation, box, visible), hidden in zip(visible_annotations, covered, strict=True):
            if visible < 0.1:
                continue
            readable = box.h >= MIN_DIGIT_PX and visible > MIN_VISIBLE_SHARE and not hidden
            if (
                annotation.label is not None
                and readable
                and _contrast(photo, projection, annotation) >= MIN_CONTRAST * 255
            ):
                digits.append((annotation.label, box))
            else:
                ignored.append(box)
        return Scene(photo, tuple(digits), tuple(ignored))


def _sample_points(mask: NDArray[np.bool_]) -> Points:
    """Return at most 48 points of a mask, evenly spaced in row order."""
    ys, xs = np.nonzero(mask)
    every = max(1, len(xs) // 24)
    return np.column_stack([xs[::every], ys[::every]]).astype(np.float64)


def _visible_box(outline: Points, size: tuple[int, int]) -> tuple[Box, float]:
    """Return the part of the points' bounding box that lies in the image, and its share of that bounding box."""
    left, top = np.rint(outline.min(axis=0)).astype(int).tolist()
    right, bottom = (np.rint(outline.max(axis=0)).astype(int) + 1).tolist()
    return _clip(Box(left, top, right - left, bottom - top), Box(0, 0, *size))


def _clip(box: Box, part: Box) -> tuple[Box, float]:
    """Return the part of a box inside a crop, in pixels of the crop, and its share of the box."""
    x0, y0 = max(box.x, part.x), max(box.y, part.y)
    w, h = max(0, min(box.right, part.right) - x0), max(0, min(box.bottom, part.bottom) - y0)
    return Box(x0 - part.x, y0 - part.y, w, h), w * h / (box.w * box.h)


def _overlapped(boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """Return a mask of the boxes that share more than `MAX_OVERLAP` of the smaller box with another box."""
    x, y, w, h = np.array(boxes, np.float64).reshape(-1, 4).T
    across = np.minimum.outer(x + w, x + w) - np.maximum.outer(x, x)
    down = np.minimum.outer(y + h, y + h) - np.maximum.outer(y, y)
    shared = np.clip(across, 0, None) * np.clip(down, 0, None)
    np.fill_diagonal(shared, 0)
    return np.asarray((shared > MAX_OVERLAP * np.minimum.outer(w * h, w * h)).any(axis=1))


def _contrast(photo: Image, projection: Projection, annotation: DigitAnnotation) -> float:
    """Return the contrast of a digit's ink with the paper beside it, 0..255, in the channel where it is largest."""
    levels = []
    for points in (annotation.inside, annotation.around):
        positions = np.rint(projection.project(points)).astype(int) if len(points) else np.zeros((0, 2), int)
        positions = positions[((positions >= 0) & (positions < projection.size)).all(axis=1)]
        if not len(positions):
            return 255.0  # nothing to compare in a very thin or a solid glyph; such glyphs are clear enough
        levels.append(np.median(photo[positions[:, 1], positions[:, 0]], axis=0))
    return float(abs(levels[0] - levels[1]).max())
