from __future__ import annotations

import logging
import threading
import time

import numpy as np
import pytest

from agent.events import Counts, Event, FaultEvent, FrameEvent
from agent.live.sinks import QueuedSink, capture_warnings
from agent.vision.page import Page


def frame_event(number: int) -> FrameEvent:
    page = Page(8, 8, (), (), {})
    return FrameEvent(number, "demo:", np.zeros((8, 8, 3), np.uint8), page, (), {}, 0, Counts(), None)


class SlowSink:
    """A sink that waits before it takes an event."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.taken: list[FrameEvent] = []
        self.closed = False

    def take(self, event: Event) -> None:
        self.go.wait(60)
        assert isinstance(event, FrameEvent)
        self.taken.append(event)

    def close(self) -> None:
        self.closed = True


class BrokenSink(SlowSink):
    def take(self, event: Event) -> None:
        raise BrokenPipeError("nobody reads")


def test_a_slow_sink_does_not_block_a_live_source_and_dropped_frames_are_counted() -> None:
    slow = SlowSink()
    queued = QueuedSink(slow, "slow", size=4)
    started = time.monotonic()
    for number in range(20):
        queued.take(frame_event(number))
    assert time.monotonic() - started < 30  # the sink waits a minute for each
    slow.go.set()
    queued.close()
    assert slow.closed
    assert len(slow.taken) + queued.dropped == 20
    assert queued.dropped >= 15


def test_a_finite_source_waits_for_a_slow_sink() -> None:
    slow = SlowSink()
    queued = QueuedSink(slow, "slow", wait=True, size=2)
    threading.Timer(0.1, slow.go.set).start()
    for number in range(20):
        queued.take(frame_event(number))
    queued.close()
    assert [taken.number for taken in slow.taken] == list(range(20))
    assert queued.dropped == 0


def test_waiting_events_carry_no_pixels() -> None:
    slow = SlowSink()
    slow.go.set()
    queued = QueuedSink(slow, "slow")
    queued.take(frame_event(0))
    queued.close()
    assert slow.taken[0].image is None


def test_an_error_of_a_sink_reaches_the_loop_once() -> None:
    queued = QueuedSink(BrokenSink(), "broken", size=2)
    queued.take(frame_event(0))

    def take_until_it_fails() -> None:
        for _ in range(6000):
            queued.take(frame_event(1))
            time.sleep(0.01)

    with pytest.raises(BrokenPipeError):
        take_until_it_fails()
    queued.close()


def test_the_last_error_of_a_sink_is_raised_by_close() -> None:
    queued = QueuedSink(BrokenSink(), "broken")
    queued.take(frame_event(0))
    with pytest.raises(BrokenPipeError):
        queued.close()


def test_only_frame_events_are_queued() -> None:
    slow = SlowSink()
    slow.go.set()
    queued = QueuedSink(slow, "slow")
    queued.take(FaultEvent("a fault"))
    queued.take(frame_event(0))
    queued.close()
    queued.take(FaultEvent("a fault after the end"))
    assert [taken.number for taken in slow.taken] == [0]


def test_warnings_of_the_agent_reach_every_listener_while_they_are_captured() -> None:
    first, second = list[str](), list[str]()
    log = logging.getLogger("agent.somewhere")
    with capture_warnings([first.append, second.append]):
        log.warning("%s is cut off", "page.jpg")
        log.info("nothing to worry about")
        logging.getLogger("elsewhere").warning("not ours")
    log.warning("later")
    assert first == second == ["page.jpg is cut off"]
