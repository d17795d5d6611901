"""The interface of all sources, and the frames that they give.

A new kind of source needs a class with this interface, its text in `agent.capture.uri`, and a case in
`agent.capture.opener`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box

S = TypeVar("S", bound="Source")


@dataclass(frozen=True)
class TrueDigit:
    """A digit that is known to be in an image (ground truth)."""

    digit: int
    box: Box


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a source."""

    image: NDArray[np.uint8]
    """The picture, BGR uint8 (H, W, 3), upright."""
    captured_ns: int
    """`time.monotonic_ns()` at the time of capture."""
    number: int
    """Counts from 0; a gap means that frames were dropped."""
    source: str
    """URI of the source, or path of the picture."""
    recorded_s: float | None = None
    """Time within a recording, in seconds; None if the time of capture counts."""
    truth: tuple[TrueDigit, ...] | None = None
    """The digits in the image, where they are known: only the demo knows them."""
    region: Box | None = None
    """The part of the image that is read, in pixels; None reads all of it."""


class NoFrameYetError(Exception):
    """A source that is not live has no frame now, and has not ended: read it again."""


class Source(Protocol):
    """A sequence of frames, to be used in a `with` statement.

    with open_source(parse_source("demo:")) as source:
        while (frame := source.read()) is not None:
            ...
    """

    title: str
    """Name for people: "camera /dev/video0", "demo, seed 3". Contains no password."""
    live: bool
    """Whether the source goes on while nobody reads it. A live source may drop frames; others give every frame."""

    silence_timeout_s: float = 0.0
    """Longest time until a frame or an error, in seconds, if it is longer than that of most cameras."""

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end.

        Raises:
            PictureError: one of several pictures cannot be read; the next call goes on with the picture after it.
            NoFrameYetError: nothing came within half a second; the next call goes on waiting.
            SourceError: the source failed and gives no more frames.
        """
        ...

    def close(self) -> None:
        """Release the camera or file. It is safe to close a source twice."""
        ...

    def interrupt(self) -> None:
        """End a `read` that waits, from another thread. It does nothing for a source whose driver cannot be stopped."""
        return

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
