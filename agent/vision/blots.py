"""Blots: spots of ink that are as dark in the middle as at the rim.

In a spot that is wider than the median filter of the paper, the estimated paper is as dark as the spot. Only the rim is
ink then, so a stain looks like a 0. The strokes of a large digit may be as wide; but they do not fill its box.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.ink import Paper

MIN_BLOT_SHARE = 0.7
"""A blot is wider and higher than this share of the width of the median filter; in smaller spots the paper is estimated
correctly. Raising it lets smaller stains through. Chosen by trial on drawn pages and the sample pictures. The
sensitivity run found no effect at ±20 %."""
PAPER_DISTANCE = 0.9
"""Distance from the centre of a box, in widths and heights of the box, at which the brightness of the paper is taken.
Raising it compares with paper further away. Chosen by trial on drawn pages and the sample pictures. The sensitivity run
found no effect at ±20 %."""
MIN_CENTRE_DARKNESS = 0.4
"""In the centre of a blot, the estimated paper is darker than the paper around the blot, by at least this share of the
darkness of the ink. Raising it lets stains through. Measured: the largest share in 1,327 digits of real pictures was
0.21, the smallest in six drawn stains 0.59. The sensitivity run found no effect at ±20 %."""
INK_QUANTILE = 0.1
"""Quantile of the pixel values in a box that counts as the darkness of its ink. Raising it takes more boxes for blots.
Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_FILLED = 0.65
"""A blot fills at least this share of its box, as an ellipse fills 0.79. Raising it lets ragged stains through.
Measured: in the training images of MNIST, 99 of 100 digits other than 1 fill less, at any size."""
MIN_INK_DARKNESS = 8
"""Smallest darkness of the ink that is used, of 255, so that noise is not compared with noise. Raising it lets faint
stains through. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""


def is_blot(box: Box, paper: Paper, width_px: int) -> bool:
    """Return whether a digit is a blot instead of a line on paper.

    Args:
        box: box of the digit, in pixels of the picture.
        paper: paper of the ink in which the digit was found.
        width_px: width of the picture.
    """
    scale = paper.gray.shape[1] / width_px
    w, h = box.w * scale, box.h * scale
    if min(w, h) <= MIN_BLOT_SHARE * paper.reach:
        return False
    x, y = (along * scale for along in box.centre)
    sides = (
        (x - PAPER_DISTANCE * w, y),
        (x + PAPER_DISTANCE * w, y),
        (x, y - PAPER_DISTANCE * h),
        (x, y + PAPER_DISTANCE * h),
    )
    around = min(_at(paper.brightness, *side) for side in sides)
    centre_darkness = around - _at(paper.brightness, x, y)
    if centre_darkness <= MIN_CENTRE_DARKNESS * MIN_INK_DARKNESS:
        return False  # nearly all digits; the quantile below takes far more time
    left, top = round(box.x * scale), round(box.y * scale)
    inked = paper.gray[top : top + max(1, round(h)), left : left + max(1, round(w))]
    ink = around - float(np.quantile(inked, INK_QUANTILE))
    if float((inked < around - ink / 2).mean()) < MIN_FILLED:
        return False
    return centre_darkness > MIN_CENTRE_DARKNESS * max(MIN_INK_DARKNESS, ink)


def _at(gray: NDArray[np.uint8], x: float, y: float) -> int:
    """Return the value at a point, or at the nearest pixel if it is outside."""
    h, w = gray.shape
    return int(gray[min(h - 1, max(0, int(y))), min(w - 1, max(0, int(x)))])
