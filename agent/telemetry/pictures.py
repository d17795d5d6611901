"""Cut-outs of readings, kept so that a person can review them: which are kept, and which are deleted first."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.events import FrameEvent
from agent.forms.record import MIN_SURE
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.overlay import zoom_box

MARGIN_HEIGHTS = 1.5, 0.7
"""What is kept around a reading to the sides, and above and below, in heights of its box: enough to see a digit that
was missed. Raising it takes more space, and makes the reading smaller."""
MAX_SIZE_PX = 640, 240
"""Maximum width and height of a cut-out; a larger one is made smaller."""
JPEG_QUALITIES = 85, 60, 30, 10
"""Qualities that are tried until a cut-out has at most `MAX_JPEG_BYTES`."""
MAX_JPEG_BYTES = 28_000
"""Size from which a cut-out is compressed more; two of them fit into a transaction of the log."""
SURE_SHARE = 0.05
"""Share of the sure readings of which a cut-out is kept among the unsure ones, drawn at random. From them the share of
wrong readings among the sure ones is estimated. Raising it makes the estimate more exact, and takes more space."""
SLACK = 0.05
"""Share of the space that is freed at once when it is full, so that not each new cut-out sorts all of them."""
FIRST_OUT = """SELECT pictures.reading, bytes FROM pictures LEFT JOIN corrections USING (reading)
    ORDER BY corrections.reading IS NOT NULL, sure DESC, pictures.reading"""


@dataclass(frozen=True)
class CutOut:
    """A part of a picture around a reading."""

    jpeg: bytes
    box: Box
    """Box of the reading, in pixels of the cut-out."""


@dataclass(frozen=True)
class KeepPictures:
    """Which cut-outs are kept, and in how much space."""

    which: str = "none"
    """`none`, `unsure` or `all`."""
    max_bytes: int = 0
    draw: Callable[[], float] = random.random
    """Gives numbers from 0 to 1, which decide of which sure readings a cut-out is kept."""

    def of(self, event: FrameEvent) -> Iterator[tuple[Reading, bool, CutOut]]:
        """Yield the readings of a frame of which a cut-out is kept, whether each is sure, and the cut-out."""
        if self.which == "none" or event.image is None:
            return
        for reading in event.announced:
            sure = is_sure(reading)
            if self.which == "all" or not sure or self.draw() < SURE_SHARE:
                part = cut_out(event.image, reading.box)
                if part is not None:
                    yield reading, sure, part


NO_PICTURES = KeepPictures()


def is_sure(reading: Reading) -> bool:
    """Whether a person need not look at a reading."""
    return reading.confidence >= MIN_SURE and not reading.undecided


def cut_out(image: NDArray[np.uint8], box: Box) -> CutOut | None:
    """Return a part of a picture with what stands around it; None if the part lies outside.

    Args:
        image: BGR uint8 (H, W, 3).
        box: the part, in pixels.
    """
    beside, above = (round(share * box.h) for share in MARGIN_HEIGHTS)
    top, left = max(box.y - above, 0), max(box.x - beside, 0)
    part = image[top : max(box.bottom + above, 0), left : max(box.right + beside, 0)]
    if not part.size:
        return None
    height, width = part.shape[:2]
    zoom = min(1.0, MAX_SIZE_PX[0] / width, MAX_SIZE_PX[1] / height)
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA) if zoom < 1 else part
    jpegs = (cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, one))[1].tobytes() for one in JPEG_QUALITIES)
    jpeg = next((jpeg for jpeg in jpegs if len(jpeg) <= MAX_JPEG_BYTES), None)
    return None if jpeg is None else CutOut(jpeg, zoom_box(Box(box.x - left, box.y - top, box.w, box.h), zoom))


def delete_pictures(connection: sqlite3.Connection, max_bytes: int) -> None:
    """Delete cut-outs that exceed the space: the oldest sure ones first, corrected ones last.

    Args:
        connection: the log, with an open transaction.
        max_bytes: space for cut-outs; 0 deletes all.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    used = connection.execute("SELECT coalesce(sum(bytes), 0) FROM pictures").fetchone()[0]
    if used <= max_bytes:
        return
    excess, deleted = used - (1 - SLACK) * max_bytes, list[tuple[int]]()
    for reading, size in connection.execute(FIRST_OUT):
        if excess <= 0:
            break
        deleted.append((reading,))
        excess -= size
    connection.executemany("DELETE FROM pictures WHERE reading = ?", deleted)
