"""Blots: what is as dark within as at its rim.

In a spot wider than the estimate of the paper reaches, the paper seems as dark as the spot, and only its rim is ink: a
stain looks like a 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.ink import Paper

WIDE = 0.7
"""A blot is wider and higher than this share of the paper's reach: within smaller ones the paper is not mistaken."""
ASIDE = 0.9
"""How far from a box's middle the paper around it is looked at, in widths and heights of the box."""
DARK = 0.4
"""In a blot's midst the paper seems so dark, as a share of how dark its ink is. Of 1,327 digits of real pictures the
largest share was 0.21, of six drawn stains the smallest 0.59."""
DARKEST = 0.1
"""How dark ink is tell the darkest so many of the pixels in a box ..."""
LEAST_DARK = 8
"""... and it is at least this dark, of 255."""


def is_blot(box: Box, paper: Paper, width_px: int) -> bool:
    """Whether what was read is no line on paper, but a spot.

    Args:
        box: of what was read, in pixels of the picture.
        paper: what its ink stands out from.
        width_px: of the picture.
    """
    scale = paper.gray.shape[1] / width_px
    w, h = box.w * scale, box.h * scale
    if min(w, h) <= WIDE * paper.reach:
        return False
    x, y = (along * scale for along in box.centre)
    sides = ((x - ASIDE * w, y), (x + ASIDE * w, y), (x, y - ASIDE * h), (x, y + ASIDE * h))
    around = min(_at(paper.brightness, *side) for side in sides)
    left, top = round(box.x * scale), round(box.y * scale)
    inked = paper.gray[top : top + max(1, round(h)), left : left + max(1, round(w))]
    ink = around - float(np.quantile(inked, DARKEST))
    return around - _at(paper.brightness, x, y) > DARK * max(LEAST_DARK, ink)


def _at(gray: NDArray[np.uint8], x: float, y: float) -> int:
    h, w = gray.shape
    return int(gray[min(h - 1, max(0, int(y))), min(w - 1, max(0, int(x)))])
