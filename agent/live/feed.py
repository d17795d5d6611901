"""Frames of a source as the loop wants them: the newest of a live one, each of any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from agent.capture.frame import Frame
from agent.capture.latest import LatestFrame
from agent.capture.source import Source
from profiles.errors import PictureError, SourceError

PATIENCE_S = 0.5
"""How long to wait for a live frame before the loop gets a chance to stop."""
SILENT_AFTER = 20
"""Waits in vain after which a live source is said to be silent."""
FROZEN_AFTER = 300
"""Frames without the least difference after which a live source is said to be frozen."""
SAMPLED = 8
"""Of so many rows and columns one is compared: a sensor's noise is everywhere."""


@contextmanager
def feed(
    source: Source, say: Callable[[str], None], patience_s: float = PATIENCE_S
) -> Iterator[Iterator[Frame | None]]:
    """Frames of an open source, until it ends; None where none came for a while, or one could not be read.

    Args:
        source: closed at the end.
        say: told of each picture that could not be read, and when a live source falls silent.
        patience_s: how long to wait for a live frame before None.

    Raises:
        SourceError: while iterating: the source failed, or has ended and some of its pictures could not be read.
    """
    if source.live:
        with LatestFrame(source) as latest:
            yield _newest(latest, source.title, say, patience_s)
    else:
        with source:
            yield _each(source, say)


def _newest(latest: LatestFrame, title: str, say: Callable[[str], None], patience_s: float) -> Iterator[Frame | None]:
    waited, repeated, before = 0, 0, np.zeros(0, np.uint8)
    while (frame := latest.get(patience_s)) is not None or not latest.ended:
        waited = waited + 1 if frame is None else 0
        if waited == SILENT_AFTER:
            say(f"{title} has given no frame for {waited * patience_s:g} s; check that it is connected and running")
        if frame is not None:
            sample = frame.image[::SAMPLED, ::SAMPLED].copy()
            repeated = repeated + 1 if np.array_equal(sample, before) else 0
            before = sample
            if repeated == FROZEN_AFTER:
                say(f"{title} has given the same picture {repeated} times; if it is a camera it hangs: connect it anew")
        yield frame


def _each(source: Source, say: Callable[[str], None]) -> Iterator[Frame | None]:
    passed = 0
    while True:
        try:
            frame = source.read()
        except PictureError as error:
            say(str(error))
            passed += 1
            yield None
            continue
        if frame is None:
            break
        yield frame
    if passed:
        raise SourceError(f"{source.title}: {passed} could not be read, as told above; copy them again or remove them")
