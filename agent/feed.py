"""Frames of a source as the loop wants them: the newest of a live one, each of any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent.capture.frame import Frame
from agent.capture.latest import LatestFrame
from agent.capture.source import Source
from profiles.errors import PictureError

PATIENCE_S = 0.5
"""How long to wait for a live frame before the loop gets a chance to stop."""


@contextmanager
def feed(source: Source, say: Callable[[str], None]) -> Iterator[Iterator[Frame | None]]:
    """Frames of an open source, until it ends; None where none came for a while, or one could not be read.

    Args:
        source: closed at the end.
        say: told of each picture that could not be read.

    Raises:
        SourceError: while iterating: the source failed.
    """
    if source.live:
        with LatestFrame(source) as latest:
            yield _newest(latest)
    else:
        with source:
            yield _each(source, say)


def _newest(latest: LatestFrame) -> Iterator[Frame | None]:
    while (frame := latest.get(PATIENCE_S)) is not None or not latest.ended:
        yield frame


def _each(source: Source, say: Callable[[str], None]) -> Iterator[Frame | None]:
    while True:
        try:
            frame = source.read()
        except PictureError as error:
            say(str(error))
            yield None
            continue
        if frame is None:
            return
        yield frame
