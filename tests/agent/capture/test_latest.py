from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from agent.capture.latest import LatestFrame
from agent.capture.source import Frame, Source
from profiles.errors import SourceError

ENOUGH_S = 5.0


class Ticker(Source):
    """A live source that gives a frame whenever the test lets it, then ends or fails."""

    title = "ticker"
    live = True

    def __init__(self, frames: int, failure: Exception | None = None) -> None:
        self._frames = frames
        self._failure = failure
        self._changed = threading.Condition()
        self._allowed = 0
        self._given = 0
        self._waiting = self._over = False
        self.closed_by: str | None = None

    def tick(self, times: int) -> None:
        """Let it give frames, and wait until the last of them has been taken in, or until it is over."""
        with self._changed:
            self._allowed += times
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._over or (self._waiting and self._given == self._allowed), timeout=ENOUGH_S
            )

    def end(self) -> None:
        with self._changed:
            self._frames = self._given
            self._allowed = self._given + 1
            self._changed.notify_all()

    def read(self) -> Frame | None:
        with self._changed:
            self._waiting = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._given < self._allowed)
            self._waiting = False
            if self._given == self._frames:
                self._over = True
                self._changed.notify_all()
                if self._failure:
                    raise self._failure
                return None
            self._given += 1
            return Frame(np.zeros((4, 4, 3), np.uint8), 0, self._given - 1, "ticker")

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


@contextmanager
def watched(ticker: Ticker) -> Iterator[LatestFrame]:
    with LatestFrame(lambda: ticker) as latest:
        try:
            yield latest
        finally:
            ticker.end()


def number_of(frame: Frame | None) -> int:
    assert frame is not None
    return frame.number


def test_a_slow_consumer_gets_the_newest_and_the_rest_is_counted() -> None:
    ticker = Ticker(frames=1000)
    with watched(ticker) as latest:
        ticker.tick(5)
        assert number_of(latest.get(ENOUGH_S)) == 4
        assert latest.dropped == 4
        ticker.tick(1)
        assert number_of(latest.get(ENOUGH_S)) == 5
        ticker.tick(100)
        assert number_of(latest.get(ENOUGH_S)) == 105
        assert latest.dropped == 4 + 99


def test_nothing_grows() -> None:
    ticker = Ticker(frames=1000)
    with watched(ticker) as latest:
        ticker.tick(500)
        gc.collect()  # what other tests left behind
        kept = [thing for thing in gc.get_objects() if type(thing) is Frame and thing.source == "ticker"]
        assert [frame.number for frame in kept] == [499]
        assert number_of(latest.get(ENOUGH_S)) == 499


def test_no_frame_in_time_is_none_and_not_the_end() -> None:
    ticker = Ticker(frames=10)
    with watched(ticker) as latest:
        started = time.monotonic()
        assert latest.get(0.05) is None
        assert 0.04 < time.monotonic() - started < ENOUGH_S
        assert not latest.ended
        ticker.tick(1)
        assert number_of(latest.get(0)) == 0
        assert latest.get(0) is None


def test_a_waiting_consumer_is_woken_by_a_frame() -> None:
    ticker = Ticker(frames=10)
    with watched(ticker) as latest:
        threading.Timer(0.05, ticker.tick, (1,)).start()
        started = time.monotonic()
        assert number_of(latest.get(ENOUGH_S)) == 0
        assert time.monotonic() - started < ENOUGH_S / 2


def test_the_last_frame_comes_before_the_end() -> None:
    ticker = Ticker(frames=2)
    with LatestFrame(lambda: ticker) as latest:
        ticker.tick(3)
        assert number_of(latest.get(ENOUGH_S)) == 1
        assert latest.get(ENOUGH_S) is None
        assert latest.ended
    assert ticker.closed_by == "capture"


@pytest.mark.parametrize("failure", [SourceError("unplugged"), RuntimeError("a mistake of ours")])
def test_an_error_in_the_thread_reaches_the_consumer(failure: Exception) -> None:
    ticker = Ticker(frames=1, failure=failure)
    with LatestFrame(lambda: ticker) as latest:
        ticker.tick(2)
        assert number_of(latest.get(ENOUGH_S)) == 0
        with pytest.raises(type(failure), match=str(failure)):
            latest.get(ENOUGH_S)
    assert ticker.closed_by == "capture"


def test_a_source_that_hangs_does_not_hold_the_process() -> None:
    ticker = Ticker(frames=10)
    with watched(ticker) as latest:
        started = time.monotonic()
        latest.close(timeout_s=0.05)
        assert time.monotonic() - started < ENOUGH_S
        assert ticker.closed_by is None
