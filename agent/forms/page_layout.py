"""White pages on which pieces of a picture are laid, far enough from each other to be read all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.form import Area
from agent.vision.lines import Reading
from agent.vision.pixels import Pixels

MARGIN_HEIGHTS = 0.2
"""Margin that is cut out around a field, in heights of it: people write over the edge. Raising it shows more print."""
GAP_HEIGHTS = 3.5
"""Distance of two pieces on a page, in heights of a field. Numbers further apart than three heights are two lines."""
ROW_GAP_PX = 32
"""Distance between two rows of pieces on a page, in pixels, in addition to their margins."""
PAGE_PX = (1600, 1200)
"""Width and height of a page, in pixels. The reader would reduce a longer page."""
WHITE = 245
"""Brightness of the paper on a page."""
MIN_INK = 60
"""Pixels that are darker than the paper by at least this count as ink, in grey levels."""

Homography = NDArray[np.float64]
"""float64 (3, 3)."""


class PageLayout:
    """Lays pieces on pages, row by row.

    Args:
        field_px: height of a piece without its margins, in pixels.
    """

    def __init__(self, field_px: int) -> None:
        self._gap = round(GAP_HEIGHTS * field_px)
        self._pages: list[Pixels] = []
        self._bottoms: list[int] = []
        self._x = self._y = self._row_height = 0

    def add(self, piece: Pixels) -> tuple[int, int, int]:
        """Lay down a piece, BGR uint8 (h, w, 3); return the number of its page, and x and y on it."""
        h, w = piece.shape[:2]
        if self._x and self._x + w > PAGE_PX[0]:
            self._x, self._y, self._row_height = 0, self._y + self._row_height + ROW_GAP_PX, 0
        if not self._pages or self._y + h > PAGE_PX[1]:
            self._pages.append(np.full((PAGE_PX[1], PAGE_PX[0], 3), WHITE, np.uint8))
            self._bottoms.append(0)
            self._x = self._y = self._row_height = 0
        x, y = self._x, self._y
        self._pages[-1][y : y + h, x : x + w] = piece
        self._x, self._row_height = x + w + self._gap, max(self._row_height, h)
        self._bottoms[-1] = max(self._bottoms[-1], y + h)
        return len(self._pages) - 1, x, y

    def pages(self) -> Iterator[Pixels]:
        """Yield the pages, without the empty space below their pieces."""
        for page, bottom in zip(self._pages, self._bottoms, strict=True):
            yield np.ascontiguousarray(page[: min(len(page), bottom + ROW_GAP_PX)])


def shrunk(image: Pixels, to_picture: Homography, height_px: float, field_px: int) -> tuple[Pixels, Homography]:
    """Return the picture so small that its pieces are little larger than on a page, and where the sheet is in it.

    Args:
        image: BGR uint8 (H, W, 3).
        to_picture: maps points of the sheet to pixels of the picture.
        height_px: smallest height of a piece in the picture, in pixels.
        field_px: height of a piece on a page, in pixels.
    """
    factor = int(height_px / field_px)
    if factor < 2:
        return image, to_picture
    h, w = image.shape[0] // factor, image.shape[1] // factor
    small = cv2.resize(image[: h * factor, : w * factor], (w, h), interpolation=cv2.INTER_AREA)
    shift = (1 / factor - 1) / 2
    scaling = np.array([[1 / factor, 0, shift], [0, 1 / factor, shift], [0, 0, 1.0]])
    return np.asarray(small, np.uint8), scaling @ to_picture


def cut_out(image: Pixels, to_picture: Homography, area: Area, field_px: int) -> tuple[Pixels, int]:
    """Cut out an area with its margin, upright and on white paper.

    Args:
        image: BGR uint8 (H, W, 3).
        to_picture: maps points of the sheet to pixels of the picture.
        area: the area on the sheet.
        field_px: height of the area in the piece, in pixels.

    Returns:
        The piece, BGR uint8 (h, w, 3), and the width of its margin in pixels.
    """
    margin = round(MARGIN_HEIGHTS * field_px)
    scale = min(field_px / area.h, (PAGE_PX[0] - 2 * margin - 1) / area.w)
    w, h = ceil(area.w * scale) + 2 * margin, ceil(area.h * scale) + 2 * margin
    to_crop = np.array([[scale, 0, margin - scale * area.x], [0, scale, margin - scale * area.y], [0, 0, 1.0]])
    crop = cv2.warpPerspective(
        image, to_crop @ np.linalg.inv(to_picture), (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return _on_white(np.asarray(crop, np.uint8), field_px), margin


def _on_white(crop: Pixels, field_px: int) -> Pixels:
    """Return a crop with its paper, which may lie in the shade, made evenly white."""
    size = field_px // 4 | 1
    paper = cv2.blur(cv2.medianBlur(cv2.dilate(crop, np.ones((size, size), np.uint8)), size), (size, size))
    return np.asarray(cv2.divide(crop, np.maximum(paper, 1), scale=WHITE), np.uint8)


def in_ink(page: Pixels, readings: Sequence[Reading]) -> Sequence[Reading]:
    """Return the readings of a page that show ink. The soft edges of a line that was erased may look like a 1."""
    inside = ((one, page[max(0, one.box.y) : one.box.bottom, max(0, one.box.x) : one.box.right]) for one in readings)
    return [one for one, part in inside if part.size and int(part.min()) < WHITE - MIN_INK]
