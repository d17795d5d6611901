"""Separate two pens: coloured ink, and black or grey ink.

A form is often printed in one colour and filled in with another. Coloured ink is dark in some channels, grey ink in all
of them, so strokes of different pens are separated even where they touch.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np

from agent.vision.ink import (
    STRONG_INK_QUANTILE,
    Gray,
    Ink,
    Paper,
    Picture,
    WorkingImage,
    balance,
    enlarge_brightness,
    make_ink,
)

MIN_COLOURED_SHARE = 0.5
"""Ink is coloured if its contrast differs between the channels by more than this share of the contrast. Raising it
takes fewer pixels for coloured. Chosen by trial on drawn pages and the sample pictures."""
MAX_GREY_SHARE = 0.25
"""Ink is black or grey if its contrast differs between the channels by less than this share of the contrast. Lowering
it takes fewer pixels for grey. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no
effect at ±20 %."""
MIN_PEN_SHARE = 0.1
"""A picture has two pens if each one has at least this share of the ink. Raising it separates fewer pictures. Chosen by
trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_INK_RATIO = 0.35
"""A pixel of the small copy is ink if its contrast is at least this share of the contrast of strong ink, because one
pen may be paler than the other. Raising it ignores pale pens. Chosen by trial on drawn pages and the sample
pictures."""
MIN_INK_CONTRAST = 12
"""A pixel of the small copy is ink only if its contrast is at least this, of 255. Raising it ignores pale pens. Chosen
by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""


class Pen(Enum):
    """Kind of pen, if a picture has two."""

    COLOURED = "coloured"
    GREY = "black or grey"


def find_pens(working: WorkingImage) -> dict[Pen, Ink]:
    """Return the ink of each pen in a picture of dark ink on light paper; empty if it does not have two pens."""
    if not _has_both(*_contrasts(working.small, working.paper)):
        return {}
    coloured, grey = _contrasts(working.picture, working.paper)
    return {
        Pen.COLOURED: make_ink(coloured, working.scale, working.paper),
        Pen.GREY: make_ink(grey, working.scale, working.paper),
    }


def _has_both(coloured: Gray, grey: Gray) -> bool:
    """Return whether there are two pens, from the contrasts of the small copy."""
    total = cv2.add(coloured, grey)
    inked = total >= max(MIN_INK_CONTRAST, MIN_INK_RATIO * float(np.quantile(total, STRONG_INK_QUANTILE)))
    if not inked.any():
        return False
    share = coloured[inked] / total[inked]
    return bool(min(np.mean(share > MIN_COLOURED_SHARE), np.mean(share < MAX_GREY_SHARE)) >= MIN_PEN_SHARE)


def _contrasts(picture: Picture, paper: Paper) -> tuple[Gray, Gray]:
    """Return the contrast of coloured ink and the contrast of grey ink, each uint8 (h, w)."""
    blue, green, red = balance(picture, paper.gains)
    darkest, lightest = cv2.min(cv2.min(blue, green), red), cv2.max(cv2.max(blue, green), red)
    brightness = enlarge_brightness(paper.brightness, picture)
    # Pixels lighter than the paper have no contrast.
    total, grey = (cv2.bitwise_not(cv2.divide(gray, brightness, scale=255)) for gray in (darkest, lightest))
    coloured = cv2.subtract(total, grey)
    return np.asarray(coloured, np.uint8), np.asarray(grey, np.uint8)
