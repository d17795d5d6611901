"""How a camera is mounted: its picture is turned upright first, and then one region of it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from agent.capture.source import Frame, Source
from agent.vision.box import Box
from agent.vision.pixels import Pixels
from profiles.errors import PictureError, UsageError
from profiles.foreign_text import show

TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
"""OpenCV's code of each clockwise turn, by its angle in degrees."""
_NUMBER = r"(\d+(?:\.\d+)?)"
_REGION = re.compile(rf"{_NUMBER}(%?),{_NUMBER}(%?),{_NUMBER}(%?),{_NUMBER}(%?)")


class Region(NamedTuple):
    """A rectangle in a picture, as a user gave it."""

    x: float
    y: float
    w: float
    h: float
    percent: bool
    """Whether the numbers are per cent of the picture's width and height; otherwise they are pixels."""

    def __str__(self) -> str:
        unit = "%" if self.percent else ""
        return ",".join(f"{value:g}{unit}" for value in self[:4])

    def box(self, width: int, height: int) -> Box:
        """Return the part of the region that lies in a picture, in pixels.

        Args:
            width: width of the picture in pixels.
            height: height of the picture in pixels.

        Raises:
            PictureError: no pixel of the picture is in the region.
        """
        x, y, w, h = self[:4]
        if self.percent:
            x, y, w, h = x * width / 100, y * height / 100, w * width / 100, h * height / 100
        left, top = round(x), round(y)
        right, bottom = min(width, round(x + w)), min(height, round(y + h))
        if left >= right or top >= bottom:
            raise PictureError(
                f"the region {self} holds no pixel of the picture, which has {width}×{height}",
                advice="correct --roi X,Y,W,H; with --rotate it counts in the turned picture",
            )
        return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True)
class Mounting:
    """How pictures are turned, and which part of them is read."""

    rotate_deg: int = 0
    """Clockwise turn in degrees: 0, 90, 180 or 270."""
    flip: bool = False
    """Whether the turned picture is mirrored from left to right."""
    region: Region | None = None
    """The part of the turned picture that is read; None reads all of it."""

    def turn(self, image: Pixels) -> Pixels:
        """Return a picture, BGR uint8 (H, W, 3), as it is read and shown: turned, then mirrored."""
        turned = cv2.rotate(image, TURNS[self.rotate_deg]) if self.rotate_deg else image
        return np.asarray(cv2.flip(turned, 1) if self.flip else turned, np.uint8)

    def box(self, width: int, height: int) -> Box:
        """Return what is read of a turned picture of this size, in pixels.

        Raises:
            PictureError: no pixel of the picture is in the region.
        """
        return Box(0, 0, width, height) if self.region is None else self.region.box(width, height)


NOT_TURNED = Mounting()


class MountedSource(Source):
    """The frames of another source, turned, with their region. A repeated image gives the same array again.

    Args:
        source: an open source.
        mounting: how the frames are turned; it may change between two frames. A frame that has nothing of its region is
            an error.
        one_size: whether all frames have the same size, as those of a camera. Then such an error ends the source.
    """

    def __init__(self, source: Source, mounting: Mounting, *, one_size: bool) -> None:
        self.title, self.live, self.silence_timeout_s = source.title, source.live, source.silence_timeout_s
        self._source, self.mounting, self._one_size = source, mounting, one_size
        self._stored: Pixels | None = None
        self._turned: Pixels | None = None
        self._turned_by = mounting

    def read(self) -> Frame | None:
        frame = self._source.read()
        mounting = self.mounting
        if frame is None or mounting == NOT_TURNED:
            return frame
        if self._turned is None or frame.image is not self._stored or mounting != self._turned_by:
            self._stored, self._turned_by, self._turned = frame.image, mounting, mounting.turn(frame.image)
        height, width = self._turned.shape[:2]
        try:
            region = mounting.box(width, height)
        except PictureError as error:
            if self._one_size:
                raise UsageError(error.what, advice=error.advice) from error
            raise PictureError(f"{frame.source}: {error.what}", advice=error.advice) from error
        return replace(frame, image=self._turned, truth=None, region=None if mounting.region is None else region)

    def close(self) -> None:
        self._source.close()

    def interrupt(self) -> None:
        self._source.interrupt()


def parse_mounting(roi: str | None, rotate_deg: int | None, flip: bool | None) -> Mounting:
    """Return the mounting that the options `--roi`, `--rotate` and `--flip` describe; None is not given.

    Examples:
        >>> parse_mounting("10%,0%,50%,100%", 90, None)
        Mounting(rotate_deg=90, flip=False, region=Region(x=10.0, y=0.0, w=50.0, h=100.0, percent=True))

    Raises:
        UsageError: an option is not valid.
    """
    if rotate_deg not in (None, 0, *TURNS):
        raise UsageError(f"pictures cannot be rotated by {rotate_deg}°", advice="give --rotate 0, 90, 180 or 270")
    return Mounting(rotate_deg or 0, bool(flip), None if roi is None else _parse_region(roi))


def _parse_region(text: str) -> Region:
    found = _REGION.fullmatch(text.replace(" ", ""))
    units = set(found.groups()[1::2]) if found else set()
    if found is None or len(units) > 1:
        raise UsageError(
            f"{show(text)!r} is not a region of a picture",
            advice="write --roi 100,50,400,300 in pixels, or 10%,5%,40%,30%",
        )
    x, y, w, h = map(float, found.groups()[::2])
    if not (w and h):
        raise UsageError(f"the region {show(text)!r} is empty", advice="give a width and a height of more than 0")
    return Region(x, y, w, h, units == {"%"})
