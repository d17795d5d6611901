"""Strips: the ink of one line, scaled to a fixed height, for a line recogniser.

A strip has two channels: all ink, and the ink without ruled lines and form boxes. Where the removal of a line tore a
digit apart, the first channel still shows it whole; where a wall of a form box looks like a 1, the second one shows
that it is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.binarize import Binarized
from agent.vision.box import Box
from agent.vision.ink import Ink

CHANNELS = 2
"""Number of channels of a strip: all ink, and ink without ruled lines. The line recogniser is trained with it."""
HEIGHT_PX = 32
"""Height of a strip. The line recogniser is trained with it."""
DIGIT_PX = 22
"""Height of the digits in a strip. The line recogniser is trained with it."""
WIDTH_STEP_PX = 32
"""The width of a strip is a multiple of this, in pixels, so that the net can compute similar strips in one batch.
Raising it gives more blank columns. A guess that was never measured."""
MAX_WIDTH_PX = 512
"""Width of the widest strip; a longer line is cut off. Raising it costs time on long lines. A guess that was never
measured."""
MARGIN_HEIGHTS = 1.8
"""A strip reaches beyond the line's first and last digit by this many heights of a digit, to show lost digits. Raising
it finds digits in form boxes that are far apart, and shows more of what is beside the line. Measured: with weights that
do not ship, 437 of 519 held-out amounts and drawn fields were right, 430 with 1.2."""
MAX_SLOPE = 0.3
"""Steepest slope of a line that is straightened. Raising it follows the centres of wrong digits. A guess that was never
measured."""
VIEW_SCALES = (1.0, 1.08, 0.93)
"""Sizes at which a strip is recognised, as shares of its size; the first one is the strip itself. Raising their number
costs time: each one is another run of the net. Measured: with weights that do not ship, the mean over three sizes reads
427 of 519 held-out amounts and drawn fields, one size 412."""


@dataclass(frozen=True, eq=False)
class Strip:
    """The ink of a line, and the place of the strip in the working image."""

    image: NDArray[np.uint8]
    """uint8 (2, 32, w), bright ink on 0: all ink, and ink without ruled lines. w is a multiple of `WIDTH_STEP_PX`."""
    left: float
    """Left edge in working pixels."""
    scale: float
    """Pixels of the strip per working pixel."""
    middle: float
    slope: float
    """The middle row of the strip is at `middle` + `slope` * x, in working pixels."""

    def views(self) -> NDArray[np.uint8]:
        """Return the strip at all `VIEW_SCALES`, around its centre, uint8 (views, 2, 32, w)."""
        _, height, width = self.image.shape
        pixels = np.ascontiguousarray(self.image.transpose(1, 2, 0))
        views = np.empty((len(VIEW_SCALES), *self.image.shape), np.uint8)
        views[0] = self.image
        for view, scale in zip(views[1:], VIEW_SCALES[1:], strict=True):
            around_centre = np.array([[scale, 0, (1 - scale) * width / 2], [0, scale, (1 - scale) * height / 2]])
            view[:] = cv2.warpAffine(pixels, around_centre, (width, height)).transpose(2, 0, 1)
        return views

    def from_view(self, x: float, view: int) -> float:
        """Convert an x in pixels of a view to pixels of the strip."""
        middle = float(self.image.shape[2]) / 2
        return middle + (x - middle) / VIEW_SCALES[view]

    def to_strip(self, x: float) -> float:
        """Convert an x in working pixels to pixels of the strip."""
        return (x - self.left) * self.scale

    def to_working(self, x: float) -> float:
        """Convert an x in pixels of the strip to working pixels."""
        return self.left + x / self.scale


def cut_strip(
    ink: Ink,
    binarized: Binarized,
    boxes: Sequence[Box],
    *,
    limits: tuple[float, float] = (-math.inf, math.inf),
    zoom: int = 1,
) -> Strip:
    """Cut the strip of a line out of the ink.

    Args:
        ink: the ink of the picture.
        binarized: a mask of this ink.
        boxes: the line's digits from left to right, in working pixels.
        limits: first and last column that the strip shows, in working pixels; it is blank beyond them.
        zoom: factor by which the strip is larger than usual.

    Returns:
        The strip, `zoom` times as high and as wide as usual.
    """
    height = median(sorted(box.h for box in boxes)[-max(1, (len(boxes) + 1) // 2) :]) if len(boxes) > 1 else boxes[0].h
    height = max(height, 6.0)
    scale = zoom * DIGIT_PX / height
    left = boxes[0].x - MARGIN_HEIGHTS * height
    right = max(box.right for box in boxes) + MARGIN_HEIGHTS * height
    slope, middle = _middle_line(boxes)
    width = WIDTH_STEP_PX * zoom * max(2, int(np.ceil((right - left) * scale / (WIDTH_STEP_PX * zoom))))
    width = min(width, MAX_WIDTH_PX * zoom)
    # First straighten at full resolution, then reduce with all pixels counted.
    rows, columns = max(2, round(HEIGHT_PX * zoom / scale)), max(2, round(width / scale))
    shear = np.array([[1, 0, -left], [-slope, 1, rows / 2 - middle]])
    all_ink = cv2.warpAffine(ink.strength, shear, (columns, rows), flags=cv2.INTER_LINEAR)
    written = cv2.warpAffine(binarized.written.mask, shear, (columns, rows), flags=cv2.INTER_NEAREST)
    written_ink = cv2.multiply(all_ink, cv2.dilate(written, np.ones((3, 3), np.uint8)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = [cv2.resize(ink, (width, HEIGHT_PX * zoom), interpolation=method) for ink in (all_ink, written_ink)]
    shown = [round(min(max((limit - left) * scale, 0), width)) for limit in limits]
    for channel in image:
        channel[:, : shown[0]] = channel[:, shown[1] :] = 0
    return Strip(np.array(image, np.uint8), left, scale, middle, slope)


def _middle_line(boxes: Sequence[Box]) -> tuple[float, float]:
    """Return slope and offset of the line through the centres of the boxes: y = offset + slope * x."""
    centres = np.array([box.centre for box in boxes])
    if len(boxes) < 3:
        return 0.0, float(np.median(centres[:, 1]))
    slope = float(np.polyfit(centres[:, 0], centres[:, 1], 1)[0])
    slope = min(MAX_SLOPE, max(-MAX_SLOPE, slope))
    return slope, float(np.median(centres[:, 1] - slope * centres[:, 0]))
