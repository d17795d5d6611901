"""Turned pages: rotate ink until its page is upright, and convert boxes between the upright page and the picture."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, union
from agent.vision.digits import Digit
from agent.vision.ink import Gray, Ink
from agent.vision.lines import Reading
from agent.vision.page import Page


class Turn(NamedTuple):
    """How a page is turned in a picture."""

    angle_deg: float
    """Angle by which the page is turned clockwise; 180 is upside down."""
    width: int
    """Width of the picture in pixels."""
    height: int
    """Height of the picture in pixels."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright page that the whole picture fits into, in pixels of the picture."""
        w, h = np.rint(np.abs(_rotation(self.angle_deg)) @ (self.width, self.height)).astype(int).tolist()
        return max(1, w), max(1, h)

    def to_picture(self, box: Box) -> Box:
        """Convert a box of the upright page to the box around it in the picture."""
        return _turned_box(box, self.angle_deg, self.size, (self.width, self.height))

    def to_upright(self, box: Box) -> Box:
        """Convert a box of the picture to the box around it on the upright page."""
        return _turned_box(box, -self.angle_deg, (self.width, self.height), self.size)

    def turn_upright(self, image: Gray, border: int = cv2.BORDER_CONSTANT) -> Gray:
        """Rotate the picture, or a smaller copy, until the page is upright.

        Args:
            image: uint8 (h, w) or (h, w, 3).
            border: how OpenCV fills the corners; by default with 0.
        """
        h, w = image.shape[:2]
        rotation, size = _rotation(-self.angle_deg), Turn(self.angle_deg, w, h).size
        # OpenCV counts from the centre of the first pixel.
        middle, turned_middle = np.array([w, h]) / 2 - 0.5, np.array(size) / 2 - 0.5
        matrix = np.column_stack([rotation, turned_middle - rotation @ middle])
        return np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border), np.uint8)


def turn_ink(ink: Ink, angle_deg: float) -> Ink:
    """Rotate ink until its page, which is turned clockwise by an angle, is upright."""
    turn = Turn(angle_deg, *ink.strength.shape[::-1])
    paper = ink.paper._replace(
        gray=turn.turn_upright(ink.paper.gray, cv2.BORDER_REPLICATE),
        brightness=turn.turn_upright(ink.paper.brightness, cv2.BORDER_REPLICATE),
    )
    return replace(ink, strength=turn.turn_upright(ink.strength), paper=paper)


def place_in_picture(upright: Page, turn: Turn) -> Page:
    """Return a page that was read upright as it lies in the picture."""

    def place(digits: tuple[Digit, ...]) -> tuple[Digit, ...]:
        return tuple(replace(digit, box=turn.to_picture(digit.box)) for digit in digits)

    def place_reading(reading: Reading) -> Reading:
        digits = place(reading.digits)
        box = union(digit.box for digit in digits)
        return replace(reading, box=box, digits=digits, undecided=place(reading.undecided))

    readings = tuple(place_reading(reading) for reading in upright.readings)
    digits = tuple(digit for reading in readings for digit in reading.digits)
    return Page(turn.width, turn.height, digits, readings, upright.stage_ms, turn.angle_deg)


def _rotation(angle_deg: float) -> NDArray[np.float64]:
    """Return the rotation clockwise by an angle, float64 (2, 2), for y down."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.array([[cos, -sin], [sin, cos]])


def _turned_box(box: Box, angle_deg: float, size: tuple[int, int], turned_size: tuple[int, int]) -> Box:
    """Return the box around what is in a box, after a rotation about the middle of an image.

    The corners of a digit's box have no ink, so the box is taken as the ellipse in it.
    """
    rotation = _rotation(angle_deg)
    x, y = rotation @ (np.array(box.centre) - np.array(size) / 2) + np.array(turned_size) / 2
    w, h = np.hypot(*(rotation * (box.w, box.h)).T)
    left, top = max(0, round(x - w / 2)), max(0, round(y - h / 2))
    right, bottom = min(turned_size[0], round(x + w / 2)), min(turned_size[1], round(y + h / 2))
    return Box(left, top, max(1, right - left), max(1, bottom - top))
