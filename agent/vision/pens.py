"""Two pens in one picture: coloured ink, and black or grey ink, each by itself.

A form is printed in one colour and filled in with another, and what touches comes apart: coloured ink is dark in some
channels, grey ink in all.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np

from agent.vision.ink import Gray, Ink, Paper, Picture, WorkingImage, balance, enlarge_brightness, make_ink

COLOURED = 0.5
"""Ink that differs so much between channels, as a share of its contrast, is coloured ..."""
GREY = 0.25
"""... and that which differs less is black or grey."""
BOTH = 0.1
"""A picture has both where each is so much of its ink ..."""
STRONG, PALEST, LEAST = 0.98, 0.35, 12
"""... which in a small picture is what is at least so strong as this share of the contrast that all but the strongest
pixels reach, and as this, of 255: one pen may be paler than the other."""


class Pen(Enum):
    """What wrote, where a picture has ink of both kinds."""

    COLOURED = "coloured"
    GREY = "black or grey"


def find_pens(working: WorkingImage) -> dict[Pen, Ink]:
    """The ink of each pen, of a picture of dark ink on light paper; empty where there are no two of them."""
    if not _has_both(*_contrasts(working.small, working.paper)):
        return {}
    coloured, grey = _contrasts(working.picture, working.paper)
    return {
        Pen.COLOURED: make_ink(coloured, working.scale, working.paper),
        Pen.GREY: make_ink(grey, working.scale, working.paper),
    }


def _has_both(coloured: Gray, grey: Gray) -> bool:
    """Whether there are two pens, by the contrasts of a small picture; strokes mixed with paper keep their colour."""
    whole = cv2.add(coloured, grey)
    inked = whole >= max(LEAST, PALEST * float(np.quantile(whole, STRONG)))
    if not inked.any():
        return False
    share = coloured[inked] / whole[inked]
    return bool(min(np.mean(share > COLOURED), np.mean(share < GREY)) >= BOTH)


def _contrasts(picture: Picture, paper: Paper) -> tuple[Gray, Gray]:
    """How much each pixel stands out in colour, and how much in grey, two times uint8 (h, w)."""
    blue, green, red = balance(picture, paper.gains)
    darkest, lightest = cv2.min(cv2.min(blue, green), red), cv2.max(cv2.max(blue, green), red)
    bright = enlarge_brightness(paper.brightness, picture)
    # What is lighter than the paper stands out in neither.
    whole, grey = (cv2.bitwise_not(cv2.divide(gray, bright, scale=255)) for gray in (darkest, lightest))
    coloured = cv2.subtract(whole, grey)
    return np.asarray(coloured, np.uint8), np.asarray(grey, np.uint8)
