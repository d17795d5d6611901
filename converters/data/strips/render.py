"""Render composed lines into strips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.strip import DIGIT_PX, HEIGHT_PX, WIDTH_STEP_PX
from converters.data.strips.compose import Line, Writing, compose_digits, compose_line
from converters.data.strips.defects import degrade, draw_filling_stroke, draw_rules, remove_rules
from converters.data.strips.texts import Rng

Gray = NDArray[np.uint8]

OVERSAMPLING = 2
"""Factor by which a line is drawn larger than its strip, before it is reduced. Raising it makes strokes more exact."""
MARGINS_HEIGHTS = (0.5, 2.2)
"""Smallest and largest empty space at each end of a line, in heights of a digit."""
MAX_WIDTH_PX = 448
"""Width of the widest strip that is drawn, about 22 digits. Raising it makes training slower."""


def draw_strip(rng: Rng, writing: Writing) -> tuple[Gray, str]:
    """Draw a random line of text.

    Some strips also show parts of a neighbouring line, ruled lines, form boxes, or a stroke that fills the end of the
    line.

    Returns:
        A strip, uint8 (2, 32, w), bright ink on 0; and its text, of `agent.vision.line_text.CHARACTERS`.
    """
    while True:
        line = compose_line(rng, writing)
        size = _random_size(rng)
        if size.width_px(line) <= MAX_WIDTH_PX * OVERSAMPLING:
            break
    drawing = _draw_line(rng, line, size)
    if rng.random() < 0.3:
        _draw_neighbour(rng, drawing, writing)
    if rng.random() < 0.08:
        draw_filling_stroke(rng, drawing.canvas, size.digit_px, drawing.right)
    left = drawing.right - line.width * size.digit_px * size.stretch
    rules = np.zeros_like(drawing.canvas)
    while rng.random() < 0.45:
        draw_rules(rng, rules, size.digit_px, (left, drawing.right))
    all_ink = np.maximum(drawing.canvas, rules)
    written = remove_rules(rng, drawing.canvas, rules)
    return degrade(rng, all_ink, written), line.text


def draw_digits(rng: Rng, images: Mapping[str, Sequence[Gray]], max_width: int) -> tuple[Gray, str]:
    """Draw a line of one to six digits, with nothing else on the strip.

    Args:
        rng: random generator; the same state gives the same strip.
        images: pictures of digits, see `Writing.images`.
        max_width: width of the widest strip, in pixels.

    Returns:
        A strip, uint8 (2, 32, w), bright ink on 0; and the digits.
    """
    while True:
        line = compose_digits(rng, images)
        canvas = _draw_line(rng, line, _random_size(rng)).canvas
        if canvas.shape[1] <= max_width * OVERSAMPLING:
            return degrade(rng, canvas, canvas), line.text


class _Size(NamedTuple):
    """Size of a line on the canvas."""

    digit_px: float
    """Height of a digit, in pixels of the canvas."""
    stretch: float
    """Factor by which the line is wider than it was written."""
    margins_px: NDArray[np.float64]
    """Empty space before and behind the line, in pixels of the canvas."""

    def width_px(self, line: Line) -> float:
        """Return the width of the line with its margins."""
        return float(line.width * self.digit_px * self.stretch + self.margins_px.sum())


class _Drawing(NamedTuple):
    """A line on a canvas."""

    canvas: Gray
    matrix: NDArray[np.float64]
    """Turns heights of a digit into pixels."""
    right: float
    """Right end of the line."""
    pen: int
    """Width of the strokes."""


def _random_size(rng: Rng) -> _Size:
    digit_px = DIGIT_PX * OVERSAMPLING * float(np.exp(rng.normal(0, 0.13)))
    stretch = float(np.exp(rng.normal(0, 0.12)))
    return _Size(digit_px, stretch, DIGIT_PX * OVERSAMPLING * rng.uniform(*MARGINS_HEIGHTS, 2))


def _draw_line(rng: Rng, line: Line, size: _Size) -> _Drawing:
    """Draw a line with a random slant, slope, position and pen on a new canvas."""
    digit_px, stretch, margins = size
    width = WIDTH_STEP_PX * max(2, round(size.width_px(line) / (WIDTH_STEP_PX * OVERSAMPLING) + 0.25))
    canvas = np.zeros((HEIGHT_PX * OVERSAMPLING, width * OVERSAMPLING), np.uint8)
    slant, slope = float(rng.normal(0.1, 0.2)), float(rng.normal(0, 0.03))
    matrix = np.array([[digit_px * stretch, -slant * digit_px], [slope * digit_px, digit_px]])
    centre = np.array((line.width / 2, -0.5))
    target = np.array((margins[0] + line.width * digit_px * stretch / 2, HEIGHT_PX * OVERSAMPLING / 2))
    target += rng.normal(0, 1.0, 2) * (6, 2.2 * OVERSAMPLING)
    offset = target - matrix @ centre
    pen = max(1, round(OVERSAMPLING * float(np.exp(rng.normal(0.85, 0.4)))))
    _draw(canvas, line, matrix, offset, pen)
    return _Drawing(canvas, matrix, float(target[0] + line.width * digit_px * stretch / 2), pen)


def _draw(canvas: Gray, line: Line, matrix: NDArray[np.float64], offset: NDArray[np.float64], pen: int) -> None:
    for stroke in line.strokes:
        points = np.rint((stroke @ matrix.T + offset) * 8).astype(np.int32)
        if len(points) == 1 or np.ptp(points, axis=0).max() < 8:
            cv2.circle(canvas, tuple(points[0].tolist()), max(4, pen * 5), 255, -1, cv2.LINE_AA, 3)
        else:
            cv2.polylines(canvas, [points[:, None]], False, 255, pen, cv2.LINE_AA, 3)
    for image, left, top, right, bottom in line.images:
        h, w = image.shape
        size = np.array(((right - left) / w, (bottom - top) / h))
        affine = np.hstack([matrix * size, (matrix @ (left, top) + offset)[:, None]])
        drawn = cv2.warpAffine(image, affine, canvas.shape[::-1], flags=cv2.INTER_LINEAR)
        np.maximum(canvas, drawn, out=canvas)


def _draw_neighbour(rng: Rng, drawing: _Drawing, writing: Writing) -> None:
    """Draw the line above or below, so that the strip shows pieces of it."""
    canvas, matrix, _, pen = drawing
    line = compose_line(rng, writing)
    side = 1 if rng.random() < 0.5 else -1
    visible_px = float(rng.uniform(2, 9)) * OVERSAMPLING
    height = canvas.shape[0]
    y = height - visible_px + matrix[1, 1] if side > 0 else visible_px
    _draw(canvas, line, matrix, np.array((float(rng.uniform(-100, canvas.shape[1] / 2)), y)), pen)
