from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from agent.events import Counts, FrameEvent
from agent.live.sinks import Queued
from agent.vision.page import Page


def tick(number: int) -> FrameEvent:
    page = Page(8, 8, (), (), {})
    return FrameEvent(number, "demo:", np.zeros((8, 8, 3), np.uint8), page, (), {}, 0, Counts(), None)


class Slow:
    """A sink that waits before it takes anything."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.taken: list[FrameEvent] = []
        self.closed = False

    def take(self, tick: FrameEvent) -> None:
        self.go.wait(5)
        self.taken.append(tick)

    def close(self) -> None:
        self.closed = True


class Broken(Slow):
    def take(self, tick: FrameEvent) -> None:
        raise BrokenPipeError("nobody reads")


def test_a_slow_sink_never_blocks_a_live_source_and_what_it_missed_is_counted() -> None:
    slow = Slow()
    queued = Queued(slow, "slow", size=4)
    started = time.monotonic()
    for number in range(20):
        queued.take(tick(number))
    assert time.monotonic() - started < 4  # the sink waits five seconds for each
    slow.go.set()
    queued.close()
    assert slow.closed
    assert len(slow.taken) + queued.dropped == 20
    assert queued.dropped >= 15


def test_a_finite_source_waits_so_that_nothing_is_lost() -> None:
    slow = Slow()
    queued = Queued(slow, "slow", wait=True, size=2)
    threading.Timer(0.1, slow.go.set).start()
    for number in range(20):
        queued.take(tick(number))
    queued.close()
    assert [taken.number for taken in slow.taken] == list(range(20))
    assert queued.dropped == 0


def test_waiting_ticks_hold_no_pixels() -> None:
    slow = Slow()
    slow.go.set()
    queued = Queued(slow, "slow")
    queued.take(tick(0))
    queued.close()
    assert slow.taken[0].image is None


def test_what_a_sink_raises_reaches_the_loop_once() -> None:
    queued = Queued(Broken(), "broken", size=2)
    queued.take(tick(0))
    time.sleep(0.1)
    with pytest.raises(BrokenPipeError):
        queued.take(tick(1))
    queued.close()


def test_what_a_sink_raises_last_is_raised_when_it_is_closed() -> None:
    queued = Queued(Broken(), "broken")
    queued.take(tick(0))
    with pytest.raises(BrokenPipeError):
        queued.close()
