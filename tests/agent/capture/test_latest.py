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

TIMEOUT_S = 60.0


class SteppedSource(Source):
    """A live source that gives a frame when the test asks for it, and then ends or fails."""

    title = "source"
    live = True

    def __init__(self, frames: int, failure: Exception | None = None) -> None:
        self._frames = frames
        self._failure = failure
        self._changed = threading.Condition()
        self._allowed = 0
        self._given = 0
        self._waiting = self._finished = False
        self.closed_by: str | None = None

    def step(self, times: int) -> None:
        """Give a number of frames, and wait until the last one was read or the source has ended."""
        with self._changed:
            self._allowed += times
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._finished or (self._waiting and self._given == self._allowed), timeout=TIMEOUT_S
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
                self._finished = True
                self._changed.notify_all()
                if self._failure:
                    raise self._failure
                return None
            self._given += 1
            return Frame(np.zeros((4, 4, 3), np.uint8), 0, self._given - 1, "source")

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


@contextmanager
def latest_of(source: SteppedSource) -> Iterator[LatestFrame]:
    with LatestFrame(lambda: source) as latest:
        try:
            yield latest
        finally:
            source.end()


def number_of(frame: Frame | None) -> int:
    assert frame is not None
    return frame.number


def test_a_slow_consumer_gets_the_newest_frame_and_the_others_are_counted() -> None:
    source = SteppedSource(frames=1000)
    with latest_of(source) as latest:
        source.step(5)
        assert number_of(latest.get(TIMEOUT_S)) == 4
        assert latest.dropped == 4
        source.step(1)
        assert number_of(latest.get(TIMEOUT_S)) == 5
        source.step(100)
        assert number_of(latest.get(TIMEOUT_S)) == 105
        assert latest.dropped == 4 + 99


def test_only_one_frame_is_kept() -> None:
    source = SteppedSource(frames=1000)
    with latest_of(source) as latest:
        source.step(500)
        gc.collect()  # garbage of other tests
        kept = [item for item in gc.get_objects() if type(item) is Frame and item.source == "source"]
        assert [frame.number for frame in kept] == [499]
        assert number_of(latest.get(TIMEOUT_S)) == 499


def test_get_returns_none_after_the_timeout_although_the_source_goes_on() -> None:
    source = SteppedSource(frames=10)
    with latest_of(source) as latest:
        started = time.monotonic()
        assert latest.get(0.05) is None
        assert 0.04 < time.monotonic() - started < TIMEOUT_S
        assert not latest.ended
        source.step(1)
        assert number_of(latest.get(0)) == 0
        assert latest.get(0) is None


def test_a_waiting_consumer_is_woken_by_a_frame() -> None:
    source = SteppedSource(frames=10)
    with latest_of(source) as latest:
        threading.Timer(0.05, source.step, (1,)).start()
        started = time.monotonic()
        assert number_of(latest.get(TIMEOUT_S)) == 0
        assert time.monotonic() - started < TIMEOUT_S / 2


def test_the_last_frame_is_returned_before_the_end() -> None:
    source = SteppedSource(frames=2)
    with LatestFrame(lambda: source) as latest:
        source.step(3)
        assert number_of(latest.get(TIMEOUT_S)) == 1
        assert latest.get(TIMEOUT_S) is None
        assert latest.ended
    assert source.closed_by == "capture"


@pytest.mark.parametrize("failure", [SourceError("unplugged"), RuntimeError("a programming error")])
def test_an_error_in_the_thread_reaches_the_consumer(failure: Exception) -> None:
    source = SteppedSource(frames=1, failure=failure)
    with LatestFrame(lambda: source) as latest:
        source.step(2)
        assert number_of(latest.get(TIMEOUT_S)) == 0
        with pytest.raises(type(failure), match=str(failure)):
            latest.get(TIMEOUT_S)
    assert source.closed_by == "capture"


def test_close_does_not_wait_for_a_source_that_hangs() -> None:
    source = SteppedSource(frames=10)
    with latest_of(source) as latest:
        started = time.monotonic()
        latest.close(timeout_s=0.05)
        assert time.monotonic() - started < TIMEOUT_S
        assert source.closed_by is None
