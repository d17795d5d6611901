"""What is drawn over the picture of the camera, layer by layer, and its JPEG."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from agent.events import DroppedCandidate, FrameEvent, Sighting
from agent.vision.ink import find_ink
from agent.vision.overlay import LINE_PX, Rgb, draw_label, draw_readings, to_bgr_colour, zoom_box
from agent.vision.pixels import Pixels
from agent.web.answers import BadRequestError

DROPPED = "dropped"
LAYERS = {"read": "Read", "waiting": "Waiting, and why", DROPPED: "Dropped, and why", "ink": "Ink"}
"""Titles of the layers by name."""
MAX_SIDE_PX = 1280
"""Longest side of a picture; a larger one is made smaller. Raising it takes more of the network."""
JPEG_QUALITY = 80
INK_SIDE_PX = 640
"""Longest side at which ink is searched for its layer; it takes some milliseconds. Raising it shows finer ink."""
INK_RGB: Rgb = (204, 121, 167)
"""Colour of ink: reddish purple of Okabe and Ito's palette, https://jfly.uni-koeln.de/color/."""
WAITING_RGB: Rgb = (213, 94, 0)
"""Colour of numbers that are not announced yet: vermilion of the same palette."""
LEGEND_PX = 10
"""Distance of the legend of dropped candidates from the picture's edge, and half of its line height, in pixels."""
LABEL_SCALE = 0.5
"""Font scale of the reasons."""


def parse_layers(names: str) -> frozenset[str]:
    """Return the layers of a list with commas.

    Raises:
        BadRequestError: there is no such layer.
    """
    found = frozenset(names.split(",")) - {""}
    if not found <= LAYERS.keys():
        raise BadRequestError(f"there is no such layer; choose among {', '.join(LAYERS)}")
    return found


def encode_frame(frame: FrameEvent, layers: frozenset[str]) -> bytes:
    """Return a frame with layers drawn over it, as JPEG."""
    assert frame.image is not None
    height, width = frame.image.shape[:2]
    zoom = min(1.0, MAX_SIDE_PX / max(height, width))
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA) if zoom < 1 else frame.image.copy()
    canvas = np.asarray(small, np.uint8)
    if "ink" in layers:
        _draw_ink(canvas)
    if DROPPED in layers:
        _draw_dropped(canvas, frame.dropped, zoom)
    if "read" in layers:
        draw_readings(canvas, frame.page.readings, zoom)
    if "waiting" in layers:
        _draw_waiting(canvas, frame.sightings, zoom)
    return cv2.imencode(".jpg", canvas, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()


def _draw_ink(canvas: Pixels) -> None:
    ink = find_ink(canvas, INK_SIDE_PX)
    size = canvas.shape[1], canvas.shape[0]
    canvas[cv2.resize(ink.strength, size, interpolation=cv2.INTER_LINEAR) > ink.threshold] = to_bgr_colour(INK_RGB)


def _draw_dropped(canvas: Pixels, dropped: Sequence[DroppedCandidate], zoom: float) -> None:
    """Draw each candidate in the colour of its reason, and a legend of the reasons."""
    for one in dropped:
        cv2.rectangle(canvas, zoom_box(one.box, zoom), to_bgr_colour(one.rgb), 1)
    for number, (reason, rgb) in enumerate({one.reason: one.rgb for one in dropped}.items()):
        draw_label(canvas, reason, (LEGEND_PX, canvas.shape[0] - LEGEND_PX * (1 + 2 * number)), LABEL_SCALE, rgb)


def _draw_waiting(canvas: Pixels, sightings: Sequence[Sighting], zoom: float) -> None:
    for one in sightings:
        box = zoom_box(one.reading.box, zoom)
        cv2.rectangle(canvas, box, to_bgr_colour(WAITING_RGB), LINE_PX)
        draw_label(canvas, one.waits_for, (box.x, box.bottom + box.h // 3), LABEL_SCALE, WAITING_RGB)
