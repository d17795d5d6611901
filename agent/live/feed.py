"""Frames of a source as the loop wants them: the newest of a live one, each of any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from agent.capture.frame import Frame
from agent.capture.outage import Outage
from agent.capture.reconnect import ReconnectingSource
from agent.capture.source import Source
from profiles.errors import PictureError, SourceError

PATIENCE_S = 0.5
"""How long to wait for a live frame before the loop gets a chance to stop."""


@contextmanager
def feed(
    source: Source,
    reopen: Callable[[], Source],
    say: Callable[[str], None],
    waiting: Callable[[Outage], None] = lambda _: None,
    patience_s: float = PATIENCE_S,
) -> Iterator[Iterator[Frame | None]]:
    """Frames of an open source, until it ends; None where none came for a while, or one could not be read.

    A live source has no end: when it fails it is opened again, until it is back.

    Args:
        source: closed at the end.
        reopen: opens a live source anew; called on a thread of its own.
        say: told of each picture that could not be read, of each fault of a live source, and when it is back.
        waiting: told each time that a live source which failed still gives no frame.
        patience_s: how long to wait for a live frame before None.

    Raises:
        SourceError: while iterating: the source failed, or has ended and some of its pictures could not be read; a live
            one hangs, and nothing but the end of this process frees it.
    """
    if source.live:
        with closing(ReconnectingSource(source, reopen, say)) as lasting:
            yield _newest(lasting, waiting, patience_s)
    else:
        with source:
            yield _each(source, say)


def _newest(
    lasting: ReconnectingSource, waiting: Callable[[Outage], None], patience_s: float
) -> Iterator[Frame | None]:
    while True:
        frame = lasting.get(patience_s)
        if frame is None and (away := lasting.away) is not None:
            waiting(away)
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
