"""Frames of a source for the loop: the newest frame of a live source, each frame of any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from agent.capture.outage import Outage
from agent.capture.reconnect import ReconnectingSource
from agent.capture.source import Frame, NoFrameYetError, Source
from profiles.errors import PictureError, SourceError

FRAME_TIMEOUT_S = 0.5
"""Longest wait for a live frame, in seconds. The loop stops only between two waits, so raising it delays the stop. Not
tuned."""


@contextmanager
def feed(
    source: Source,
    reopen: Callable[[], Source],
    warn: Callable[[str], None],
    on_outage: Callable[[Outage], None] = lambda _: None,
    timeout_s: float = FRAME_TIMEOUT_S,
) -> Iterator[Iterator[Frame | None]]:
    """Give the frames of an open source until it ends, and close it.

    None stands for a wait without a frame, or for a picture that could not be read. A live source has no end: after a
    failure it is opened again and again until it is back.

    Args:
        source: an open source.
        reopen: opens a live source again; called on another thread.
        warn: called for each picture that could not be read, each failure of a live source, and when it is back.
        on_outage: called after each wait for a live source that has failed.
        timeout_s: longest wait for a live frame, in seconds.

    Raises:
        SourceError: while iterating: the source failed, or it has ended and some of its pictures could not be read; or
            a live source hangs in a call that only the end of this process interrupts.
    """
    if source.live:
        with closing(ReconnectingSource(source, reopen, warn)) as reconnecting:
            yield _newest_frames(reconnecting, on_outage, timeout_s)
    else:
        with source:
            yield _all_frames(source, warn)


def _newest_frames(
    source: ReconnectingSource, on_outage: Callable[[Outage], None], timeout_s: float
) -> Iterator[Frame | None]:
    while True:
        frame = source.get(timeout_s)
        if frame is None and (outage := source.outage) is not None:
            on_outage(outage)
        yield frame


def _all_frames(source: Source, warn: Callable[[str], None]) -> Iterator[Frame | None]:
    failures = 0
    while True:
        try:
            frame = source.read()
        except NoFrameYetError:
            yield None
            continue
        except PictureError as error:
            warn(str(error))
            failures += 1
            yield None
            continue
        if frame is None:
            break
        yield frame
    if failures:
        raise SourceError(
            f"{source.title}: {failures} could not be read, see the warnings above",
            advice="copy them again or remove them",
        )
