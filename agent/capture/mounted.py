"""A source whose frames are turned as a camera is mounted."""

from __future__ import annotations

from dataclasses import replace

from agent.capture.mounting import Mounting
from agent.capture.source import Frame, Source
from agent.vision.pixels import Pixels
from profiles.errors import PictureError, UsageError


class MountedSource(Source):
    """The frames of another source, turned. A repeated image gives the same array again, as the other source does.

    Args:
        source: an open source.
        mounting: how the frames are turned. A frame that has nothing of its region is an error.
        one_size: whether all frames have the same size, as those of a camera. Then such an error ends the source.
    """

    def __init__(self, source: Source, mounting: Mounting, *, one_size: bool) -> None:
        self.title, self.live, self.silence_timeout_s = source.title, source.live, source.silence_timeout_s
        self._source, self._mounting, self._one_size = source, mounting, one_size
        self._stored: Pixels | None = None
        self._turned: Pixels | None = None

    def read(self) -> Frame | None:
        frame = self._source.read()
        if frame is None:
            return None
        if self._turned is None or frame.image is not self._stored:
            self._stored, self._turned = frame.image, self._mounting.turn(frame.image)
        height, width = self._turned.shape[:2]
        try:
            self._mounting.box(width, height)
        except PictureError as error:
            if self._one_size:
                raise UsageError(error.what, advice=error.advice) from error
            raise PictureError(f"{frame.source}: {error.what}", advice=error.advice) from error
        return replace(frame, image=self._turned, truth=None)

    def close(self) -> None:
        self._source.close()

    def interrupt(self) -> None:
        self._source.interrupt()
