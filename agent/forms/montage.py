"""The fields of a form, cut out upright and laid on white pages, so that the reader reads them all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.form import Area, Field
from agent.forms.locate import Location
from agent.vision.box import Box
from agent.vision.pixels import Pixels

MARGIN_HEIGHTS = 0.2
"""Margin that is cut out around a field, in heights of it: people write over the edge. Raising it shows more print."""
GAP_HEIGHTS = 3.5
"""Distance of two fields on a page, in heights of a field. Numbers further apart than three heights are two lines."""
ROW_GAP_PX = 32
"""Distance between two rows of fields on a page, in pixels, in addition to their margins."""
PAGE_PX = (1600, 1200)
"""Width and height of a page, in pixels. The reader would reduce a longer page."""
WHITE = 245
"""Brightness of the paper on a page."""
MIN_INK = 60
"""Pixels that are darker than the paper by at least this count as ink, in grey levels."""
MIN_PRINT = 25
"""Pixels that are darker than the paper by more than this may be printed lines, in grey levels."""
MIN_LIGHT_LINE = 110
"""A printed line of at least this brightness is light: ink on it can be distinguished from it."""
LINE_ERROR_PX = 3
"""Largest distance of a printed line from its place, in pixels of a page, because paper is not quite flat."""
MIN_INK_SHARE = 0.006
"""Share of a field's inside that is dark if something is written there. A dot of the pen is less."""
INSIDE_SHARE = 0.12
"""Share of the height at each side that does not count as the inside of a field, since its printed box is there."""


@dataclass(frozen=True, eq=False)
class Slot:
    """A field on a page of the montage."""

    field: Field
    box: Box
    """Box of the field, without margin, in pixels of the page."""
    page: int
    has_ink: bool
    """Whether something is written in the field."""


@dataclass(frozen=True, eq=False)
class Montage:
    """All fields of a form."""

    pages: tuple[Pixels, ...]
    slots: tuple[Slot, ...]
    """The place of each field, in the order of the fields."""


@dataclass(frozen=True, eq=False)
class BlankPrint:
    """What a blank sheet looks like."""

    image: Pixels
    """The drawn sheet, BGR uint8 (H, W, 3)."""
    to_image: NDArray[np.float64]
    """Homography from the units of the sheet to its pixels, float64 (3, 3)."""


def make_montage(
    image: Pixels, location: Location, fields: Sequence[Field], blank: BlankPrint, field_px: int
) -> Montage:
    """Cut out the fields of a form.

    Args:
        image: the picture, BGR uint8 (H, W, 3).
        location: where the form is in it.
        fields: the fields.
        blank: the sheet without writing; its light lines are erased from the fields.
        field_px: height of a field on a page, in pixels. The reader wants digits of 12 pixels or more.
    """
    image, to_picture = _shrunk(image, location, fields, field_px)
    pages, slots = list[Pixels](), list[Slot]()
    x = y = row_height = 0
    for field in fields:
        crop, margin = _cut_out(image, to_picture, field.area, field_px)
        crop = _without_print(crop, _cut_out(blank.image, blank.to_image, field.area, field_px)[0], margin)
        h, w = crop.shape[:2]
        gap = round(GAP_HEIGHTS * field_px)
        if x and x + w > PAGE_PX[0]:
            x, y, row_height = 0, y + row_height + ROW_GAP_PX, 0
        if not pages or y + h > PAGE_PX[1]:
            pages.append(np.full((PAGE_PX[1], PAGE_PX[0], 3), WHITE, np.uint8))
            x = y = row_height = 0
        pages[-1][y : y + h, x : x + w] = crop
        box = Box(x + margin, y + margin, w - 2 * margin, h - 2 * margin)
        slots.append(Slot(field, box, len(pages) - 1, _has_ink(crop, margin)))
        x, row_height = x + w + gap, max(row_height, h)
    return Montage(tuple(_trimmed(pages, slots)), tuple(slots))


def _trimmed(pages: Sequence[Pixels], slots: Sequence[Slot]) -> Iterator[Pixels]:
    """Yield the pages without the empty space below their fields."""
    for number, page in enumerate(pages):
        bottom = max(slot.box.bottom for slot in slots if slot.page == number)
        yield np.ascontiguousarray(page[: min(len(page), bottom + ROW_GAP_PX)])


def _shrunk(
    image: Pixels, location: Location, fields: Sequence[Field], field_px: int
) -> tuple[Pixels, NDArray[np.float64]]:
    """Return the picture, reduced until its fields have about their size in the montage, and the form's place in it."""
    heights = [np.linalg.norm(quad[3] - quad[0]) for quad in (location.quad(field.area) for field in fields)]
    factor = int(min(heights) / field_px)
    if factor < 2:
        return image, location.to_picture
    h, w = image.shape[0] // factor, image.shape[1] // factor
    small = cv2.resize(image[: h * factor, : w * factor], (w, h), interpolation=cv2.INTER_AREA)
    shift = (1 / factor - 1) / 2
    scaling = np.array([[1 / factor, 0, shift], [0, 1 / factor, shift], [0, 0, 1.0]])
    return np.asarray(small, np.uint8), scaling @ location.to_picture


def _cut_out(image: Pixels, to_picture: NDArray[np.float64], area: Area, field_px: int) -> tuple[Pixels, int]:
    """Return a field with its margin on white paper, BGR uint8 (h, w, 3), and the margin in pixels."""
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


def _without_print(crop: Pixels, blank: Pixels, margin: int) -> Pixels:
    """Return a field without the light lines of its print, and without all print in its margin, such as its label.

    What is much darker than a line is ink, and stays. Dark lines of the field stay too: the reader knows ruled lines
    and boxes, and ink on a black line cannot be distinguished.
    """
    grey = np.asarray(cv2.cvtColor(blank, cv2.COLOR_BGR2GRAY), np.uint8)
    dark = (grey < WHITE - MIN_PRINT).astype(np.uint8)
    length = max(3, (len(crop) - 2 * margin) // 2)
    pieces = [np.ones(size, np.uint8) for size in ((1, length), (length, 1))]
    lines = cv2.bitwise_or(*(cv2.morphologyEx(dark, cv2.MORPH_OPEN, piece) for piece in pieces))
    near = np.ones((2 * LINE_ERROR_PX + 1,) * 2, np.uint8)
    darkest = cv2.erode(np.where(lines > 0, grey, 255).astype(np.uint8), near).astype(np.int16)
    written = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.int16)
    erased = (darkest > MIN_LIGHT_LINE) & (darkest < WHITE) & (written > darkest - MIN_INK)
    letters = cv2.dilate(dark - cv2.min(dark, cv2.dilate(lines, near)), near) > 0
    letters[margin : len(letters) - margin, margin : letters.shape[1] - margin] = False
    return np.asarray(np.where((erased | letters)[..., None], WHITE, crop), np.uint8)


def _has_ink(crop: Pixels, margin: int) -> bool:
    edge = margin + round(INSIDE_SHARE * (len(crop) - 2 * margin))
    inside = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[edge:-edge, edge:-edge]
    return bool(inside.size) and float(np.mean(inside < WHITE - MIN_INK)) > MIN_INK_SHARE
