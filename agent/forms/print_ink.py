"""Print in the cells of a table that is filled in with a coloured pen: print is black or grey, as the lines are."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.page_layout import MIN_INK, WHITE
from agent.vision.pens import MIN_PEN_SHARE
from agent.vision.pixels import Pixels

MAX_GREY_SHARE = 0.2
"""A piece of ink is black or grey if its contrast differs between the channels by less than this share of it. Raising
it takes more handwriting for print. Black print has 0.02 and a dark blue ballpoint 0.4 on drawn tables."""
JOINED_PX = 3
"""Ink with a gap of less than this is one piece, in pixels of a cell that is cut out."""


def without_print(crops: Sequence[Pixels]) -> tuple[Pixels, ...]:
    """Return the cells of a table without their black and grey ink, if others are filled in with a coloured pen.

    Without a coloured pen all ink stays, because print cannot be distinguished from a black pen.

    Args:
        crops: the cells without the lines around them, BGR uint8 (h, w, 3) each, on white paper.
    """
    pieces = [_grey_pieces(crop) for crop in crops]
    coloured = sum(has_colour for _, has_colour in pieces)
    written = sum(has_colour or bool(grey.any()) for grey, has_colour in pieces)
    if not coloured or coloured < MIN_PEN_SHARE * written:
        return tuple(crops)
    return tuple(
        np.asarray(np.where(grey[..., None], WHITE, crop), np.uint8)
        for crop, (grey, _) in zip(crops, pieces, strict=True)
    )


def _grey_pieces(crop: Pixels) -> tuple[NDArray[np.bool_], bool]:
    """Return where black or grey ink is, bool (h, w), and whether there is coloured ink."""
    contrast = np.float32(WHITE) - crop
    strongest = contrast.max(axis=2)
    dark = (strongest > MIN_INK).astype(np.uint8)
    joined = cv2.dilate(dark, np.ones((JOINED_PX, JOINED_PX), np.uint8))
    count, labels = cv2.connectedComponents(joined)
    inked = np.where(dark > 0, labels, 0).ravel()
    total = np.bincount(inked, strongest.ravel(), count)
    apart = np.bincount(inked, (strongest - contrast.min(axis=2)).ravel(), count)
    is_grey = apart < MAX_GREY_SHARE * total
    is_grey[0] = False
    return is_grey[labels], bool((~is_grey[1:]).any())
