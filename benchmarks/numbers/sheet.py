"""Draw pen strokes on paper as a small photo or scan.

Lengths of a sheet are in heights of a digit; y grows downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from benchmarks.numbers.case import Image
from converters.data.labelled import concatenate
from converters.data.scenes.backgrounds import blank_canvas
from converters.data.scenes.canvas import Canvas, InkStyle
from converters.data.scenes.degradation import field_photo, scan
from converters.data.scenes.draft import SceneDraft, random_ink
from converters.data.scenes.fonts import Fonts
from converters.data.strokes import Stroke

Rng = np.random.Generator
Points = NDArray[np.float64]

OVERSAMPLING = 4
"""Factor by which strokes are drawn larger than in the picture, before they are reduced. Raising it smooths edges."""
BACK_CONTRAST = 0.08
"""Contrast of the writing on the back of the paper."""
DIGIT_PX = (22, 64)
"""Smallest and largest height of a digit, in pixels."""


@dataclass(frozen=True, eq=False)
class WrittenSheet:
    """What is written and printed on a sheet."""

    strokes: Sequence[Stroke] = ()
    boxes: Sequence[tuple[float, float, float, float]] = ()
    """Printed boxes: left, top, right, bottom."""
    rules: Sequence[float] = ()
    """y of printed lines across the sheet."""
    back: Sequence[Stroke] = ()
    """Strokes on the back, as they show through: mirrored."""


def draw_sheet(rng: Rng, sheet: WrittenSheet) -> tuple[Image, Box | None]:
    """Draw a sheet with a random paper, pen, print, size, slant and slope.

    Args:
        rng: random generator; the same state gives the same picture.
        sheet: what to draw; it must not be empty.

    Returns:
        The picture, and the box around the strokes on the front in its pixels; None if there are none.
    """
    digit_px = float(np.exp(rng.uniform(*np.log(DIGIT_PX))))
    slanted = np.array(((1, -float(rng.normal(0, 0.08))), (0, 1)))
    front, back = ([stroke @ slanted.T for stroke in strokes] for strokes in (sheet.strokes, sheet.back))
    matrix = np.array(((1, 0), (float(rng.normal(0, 0.012)), 1))) * digit_px
    outlines = [_outline(box) for box in sheet.boxes]
    everything = np.concatenate([*front, *back, *outlines]) @ matrix.T
    margin = rng.uniform(0.8, 2.2, 2) * digit_px
    shift = margin - everything.min(axis=0)
    w, h = np.ceil(np.ptp(everything, axis=0) + 2 * margin).astype(int).tolist()
    canvas = blank_canvas(rng, (w, h), dark=False)
    pen = max(1.0, float(rng.uniform(0.05, 0.13)) * digit_px)
    ink = random_ink(SceneDraft(canvas, concatenate([]), Fonts(), dark=False))
    if back:
        faint = _coverage(canvas, _project(back, matrix, shift), pen)
        blurred = np.asarray(cv2.GaussianBlur(faint, (0, 0), 0.04 * digit_px), np.uint8)
        canvas.blend(blurred, (0, 0), InkStyle(np.zeros(3, np.float32), BACK_CONTRAST))
    rules = [np.array(((-w / digit_px, y), (w / digit_px, y))) for y in sheet.rules]
    if printed := rules + outlines:
        grey = np.full(3, rng.uniform(30, 150), np.float32)
        coverage = _coverage(canvas, _project(printed, matrix, shift), max(1.0, 0.03 * digit_px))
        canvas.blend(coverage, (0, 0), InkStyle(grey, float(rng.uniform(0.3, 0.9))))
    written = _project(front, matrix, shift)
    if written:
        canvas.blend(_coverage(canvas, written, pen), (0, 0), ink)
    photo = field_photo(rng, canvas.image) if rng.random() < 0.6 else scan(rng, canvas.image)
    return photo, _box_around(written) if written else None


def _project(lines: Sequence[NDArray[np.floating]], matrix: Points, shift: Points) -> list[Points]:
    return [line @ matrix.T + shift for line in lines]


def _outline(box: tuple[float, float, float, float]) -> Points:
    left, top, right, bottom = box
    return np.array(((left, top), (right, top), (right, bottom), (left, bottom), (left, top)))


def _coverage(canvas: Canvas, lines: Sequence[Points], pen: float) -> NDArray[np.uint8]:
    """Return the share of each pixel that the lines cover, uint8 (h, w)."""
    large = np.zeros((canvas.h * OVERSAMPLING, canvas.w * OVERSAMPLING), np.uint8)
    for line in lines:
        points = np.rint(line[[*range(len(line)), -1]] * OVERSAMPLING).astype(np.int32)  # a dot has one point only
        cv2.polylines(large, [points[:, None]], False, 255, max(1, round(pen * OVERSAMPLING)), cv2.LINE_AA)
    return np.asarray(cv2.resize(large, (canvas.w, canvas.h), interpolation=cv2.INTER_AREA), np.uint8)


def _box_around(lines: Sequence[Points]) -> Box:
    points = np.concatenate(lines)
    left, top = np.floor(points.min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(points.max(axis=0)).astype(int).tolist()
    return Box(left, top, right - left + 1, bottom - top + 1)
