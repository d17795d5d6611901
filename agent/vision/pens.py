"""Two pens in one picture: coloured ink, and black or grey ink, each by itself.

A form is printed in one colour and filled in with another, and what touches comes apart: coloured ink is dark in some
channels, grey ink in all.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.ink import Gains, Gray, Ink, Picture, Sheet, balanced, enlarged, ink_of

COLOURED = 0.5
"""Ink that differs so much between channels, as a share of its contrast, is coloured ..."""
GREY = 0.25
"""... and that which differs less is black or grey."""
BOTH = 0.1
"""A picture has both where each is so much of its ink ..."""
FACTOR = 0.5
"""... of which all counts that is stronger than this share of the level: one pen may be paler than the other."""
LEAST_COLOUR = 12
"""A small picture in which no channel differs more from another, of 255, shows no coloured ink ..."""
STRONGEST = 0.995
"""... but for a share of its pixels that is smaller than this leaves."""


class Pen(Enum):
    """What wrote, where a picture has ink of both kinds."""

    COLOURED = "coloured"
    GREY = "black or grey"


def find_pens(sheet: Sheet) -> dict[Pen, Ink]:
    """The ink of each pen, of a picture of dark ink on light paper; empty where there are no two of them."""
    picture, scale, small, _, paper = sheet
    darkest, lightest = _extremes(small, paper.gains)
    if np.quantile(cv2.subtract(lightest, darkest), STRONGEST) < LEAST_COLOUR:
        return {}
    whole, grey = (_contrast(gray, paper.brightness) for gray in _extremes(picture, paper.gains))
    coloured = np.asarray(cv2.subtract(whole, grey), np.uint8)
    ink = ink_of(whole, scale)
    inked = ink.strength > max(ink.noise, FACTOR * ink.level)
    share = coloured[inked] / np.maximum(whole[inked], 1)
    if not inked.any() or min(np.mean(share > COLOURED), np.mean(share < GREY)) < BOTH:
        return {}
    return {Pen.COLOURED: ink_of(coloured, scale), Pen.GREY: ink_of(grey, scale)}


def _extremes(picture: Picture, gains: Gains) -> tuple[Gray, Gray]:
    """Of each pixel the darkest channel and the lightest once paper is grey, two times uint8 (h, w)."""
    blue, green, red = balanced(picture, gains)
    darkest, lightest = cv2.min(cv2.min(blue, green), red), cv2.max(cv2.max(blue, green), red)
    return np.asarray(darkest, np.uint8), np.asarray(lightest, np.uint8)


def _contrast(gray: Gray, brightness: Gray) -> NDArray[np.uint8]:
    """How much darker than the paper each pixel of a picture, uint8 (h, w), is."""
    return np.asarray(cv2.bitwise_not(cv2.divide(gray, enlarged(brightness, gray), scale=255)), np.uint8)
