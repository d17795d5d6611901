"""What a source is: something that frames are pulled from."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, TypeVar

from agent.capture.frame import Frame

S = TypeVar("S", bound="Source")


class Source(Protocol):
    """Frames, one after the other.

    with open_source(parse_source("demo:")) as source:
        while (frame := source.read()) is not None:
            ...
    """

    title: str
    """For people: "camera /dev/video0", "demo, seed 3". Holds no password."""
    live: bool
    """A live source goes on while nobody looks: its old frames may be dropped. Of any other every frame counts."""

    def read(self) -> Frame | None:
        """The next frame, or None at the end.

        Raises:
            PictureError: one picture of several cannot be read; the next call goes on with the one after it.
            SourceError: the source failed, and gives no more frames.
        """
        ...

    def close(self) -> None:
        """Let go of the camera or file; closing twice does no harm."""
        ...

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
