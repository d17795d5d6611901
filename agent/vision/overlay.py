"""Draw digits and readings on a picture."""

from __future__ import annotations

from collections.abc import Iterable

import cv2

from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.pixels import Pixels

Rgb = tuple[int, int, int]

READ_RGB: Rgb = (0, 158, 115)
"""Colour of digits that were read. Fixed by a standard: bluish green of Okabe and Ito's palette,
https://jfly.uni-koeln.de/color/."""
FONT = cv2.FONT_HERSHEY_SIMPLEX
LINE_PX = 2
"""Thickness of boxes and characters in pixels. Not tuned."""
LABEL_GAP_PX = 6
"""Distance between a box and the label of a digit above it, in pixels. Not tuned."""
CONFIDENCE_GAP_PX = 8
"""Distance between the box of a reading and its confidence on the right, in pixels. Not tuned."""
CONFIDENCE_SCALE = 0.5
"""Font scale of the confidence. Not tuned."""
LABEL_PADDING_PX = 4
"""Height of the coloured margin above and below the text of a label, in pixels; at its sides it is half as wide. Not
tuned."""
SCALE_1_BOX_PX = 60
"""Height in pixels of a box whose label has font scale 1. Not tuned."""
MIN_LABEL_SCALE = 0.6
"""Smallest font scale of the label of a digit. Not tuned."""
MAX_LABEL_SCALE = 1.2
"""Largest font scale of the label of a digit. Not tuned."""


def draw_readings(canvas: Pixels, readings: Iterable[Reading], zoom: float = 1.0) -> None:
    """Draw the box and the value of each digit, and the confidence at the right of each reading.

    Args:
        canvas: BGR uint8 (H, W, 3); it is drawn on in place.
        readings: readings with boxes in pixels of the picture.
        zoom: pixels of the canvas per pixel of the picture.
    """
    for reading in readings:
        for digit in reading.digits:
            box = zoom_box(digit.box, zoom)
            cv2.rectangle(canvas, box, to_bgr_colour(READ_RGB), LINE_PX)
            draw_label(canvas, str(digit.digit), (box.x, box.y - LABEL_GAP_PX), _label_scale(box), READ_RGB)
        box = zoom_box(reading.box, zoom)
        corner = box.right + CONFIDENCE_GAP_PX, box.y + box.h // 2 + LABEL_GAP_PX
        draw_label(canvas, f"{reading.confidence:.0%}", corner, CONFIDENCE_SCALE, READ_RGB)


def draw_label(canvas: Pixels, text: str, corner: tuple[int, int], scale: float, rgb: Rgb) -> None:
    """Write white text on a filled box; it is moved if it would leave the picture.

    Args:
        canvas: BGR uint8 (H, W, 3); it is drawn on in place.
        text: ASCII text.
        corner: x and y of the lower left corner of the text, in pixels.
        scale: font scale of OpenCV.
        rgb: colour of the box.
    """
    (w, h), _ = cv2.getTextSize(text, FONT, scale, LINE_PX)
    side_px = LABEL_PADDING_PX // 2
    x = min(max(0, corner[0]), max(0, canvas.shape[1] - w - side_px))
    y = min(max(h + LABEL_PADDING_PX, corner[1]), canvas.shape[0] - LABEL_PADDING_PX)
    background = x, y - h - LABEL_PADDING_PX, w + 2 * side_px, h + 2 * LABEL_PADDING_PX
    cv2.rectangle(canvas, background, to_bgr_colour(rgb), cv2.FILLED)
    cv2.putText(canvas, text, (x + side_px, y), FONT, scale, (255, 255, 255), LINE_PX, cv2.LINE_AA)


def zoom_box(box: Box, zoom: float) -> Box:
    """Return the box in pixels of a picture that is `zoom` times as large."""
    return Box(*(round(side * zoom) for side in box))


def to_bgr_colour(rgb: Rgb) -> tuple[int, int, int]:
    """Return an RGB colour in the order of OpenCV."""
    return rgb[2], rgb[1], rgb[0]


def _label_scale(box: Box) -> float:
    return min(max(MIN_LABEL_SCALE, box.h / SCALE_1_BOX_PX), MAX_LABEL_SCALE)
