"""Draw digits and readings on a picture."""

from __future__ import annotations

from collections.abc import Iterable

import cv2

from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.pixels import Pixels

Rgb = tuple[int, int, int]

READ_RGB: Rgb = (0, 158, 115)
"""Colour of digits that were read: bluish green of Okabe and Ito's palette, https://jfly.uni-koeln.de/color/."""
FONT = cv2.FONT_HERSHEY_SIMPLEX


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
            cv2.rectangle(canvas, box, to_bgr_colour(READ_RGB), 2)
            draw_label(canvas, str(digit.digit), (box.x, box.y - 6), _label_scale(box), READ_RGB)
        box = zoom_box(reading.box, zoom)
        draw_label(canvas, f"{reading.confidence:.0%}", (box.right + 8, box.y + box.h // 2 + 6), 0.5, READ_RGB)


def draw_label(canvas: Pixels, text: str, corner: tuple[int, int], scale: float, rgb: Rgb) -> None:
    """Write white text on a filled box; it is moved if it would leave the picture.

    Args:
        canvas: BGR uint8 (H, W, 3); it is drawn on in place.
        text: ASCII text.
        corner: x and y of the lower left corner of the text, in pixels.
        scale: font scale of OpenCV.
        rgb: colour of the box.
    """
    (w, h), _ = cv2.getTextSize(text, FONT, scale, 2)
    x = min(max(0, corner[0]), max(0, canvas.shape[1] - w - 2))
    y = min(max(h + 4, corner[1]), canvas.shape[0] - 4)
    cv2.rectangle(canvas, (x, y - h - 4, w + 4, h + 8), to_bgr_colour(rgb), cv2.FILLED)
    cv2.putText(canvas, text, (x + 2, y), FONT, scale, (255, 255, 255), 2, cv2.LINE_AA)


def zoom_box(box: Box, zoom: float) -> Box:
    """Return the box in pixels of a picture that is `zoom` times as large."""
    return Box(*(round(side * zoom) for side in box))


def to_bgr_colour(rgb: Rgb) -> tuple[int, int, int]:
    """Return an RGB colour in the order of OpenCV."""
    return rgb[2], rgb[1], rgb[0]


def _label_scale(box: Box) -> float:
    return min(max(0.6, box.h / 60), 1.2)
