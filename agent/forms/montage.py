"""The fields of a form, cut out upright and laid on white pages, so that the reader reads them all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.form import Field
from agent.forms.locate import Location
from agent.forms.page_layout import MIN_INK, WHITE, PageLayout, cut_out, shrunk
from agent.vision.box import Box
from agent.vision.pixels import Pixels

MIN_PRINT = 25
"""Pixels that are darker than the paper by more than this may be printed lines, in grey levels."""
MIN_LIGHT_LINE = 110
"""A printed line of at least this brightness is light: ink on it can be distinguished from it."""
LINE_ERROR_PX = 3
"""Largest distance of a printed line from its place, in pixels of a page, because paper is not quite flat."""
MIN_INK_SHARE = 0.006
"""Share of a field's inside that is dark if something is written there. A dot of the pen is less."""
MAX_GAP_HEIGHTS = 0.3
"""Largest distance that is left between digits in boxes of their own, in heights of the field."""
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
    crop: Pixels
    """The field as it is on the sheet, without its margin, BGR uint8 (h, w, 3)."""


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
    heights = [np.linalg.norm(quad[3] - quad[0]) for quad in (location.quad(field.area) for field in fields)]
    image, to_picture = shrunk(image, location.to_picture, float(min(heights)), field_px)
    layout, slots = PageLayout(field_px), list[Slot]()
    for field in fields:
        crop, margin = cut_out(image, to_picture, field.area, field_px)
        crop = _without_print(crop, cut_out(blank.image, blank.to_image, field.area, field_px)[0], margin)
        piece = _without_gaps(crop, round(MAX_GAP_HEIGHTS * field_px)) if field.comb else crop
        page, x, y = layout.add(piece)
        box = Box(x + margin, y + margin, piece.shape[1] - 2 * margin, piece.shape[0] - 2 * margin)
        inside = crop[margin : len(crop) - margin, margin : crop.shape[1] - margin]
        slots.append(Slot(field, box, page, has_ink(crop, margin), inside))
    return Montage(tuple(layout.pages()), tuple(slots))


def _without_gaps(crop: Pixels, most: int) -> Pixels:
    """Return a field whose digits stand in boxes of their own, with gaps of at most so many pixels between them.

    Then they are read as one number, and not each by itself.
    """
    dark = (cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) < WHITE - MIN_INK).sum(axis=0) > 1
    keep, inked = np.ones(len(dark), bool), np.flatnonzero(dark)
    for left, right in pairwise(inked.tolist()):
        if right - left - 1 > most:
            keep[left + 1 + most // 2 : right - (most - most // 2)] = False
    return np.ascontiguousarray(crop[:, keep])


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


def has_ink(crop: Pixels, margin: int) -> bool:
    """Return whether something is written in a field that was cut out with a margin, in pixels."""
    edge = margin + round(INSIDE_SHARE * (len(crop) - 2 * margin))
    inside = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[edge:-edge, edge:-edge]
    return bool(inside.size) and float(np.mean(inside < WHITE - MIN_INK)) > MIN_INK_SHARE
