from __future__ import annotations

import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.source import Frame, Source, TrueDigit
from agent.events import Event, FrameEvent, Vitals
from agent.live.feed import feed
from agent.live.loop import Limits, loop
from agent.live.sinks import QueuedSink, Sink
from agent.live.watch import Observation, Watch
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import Page
from profiles.errors import PictureError, SourceError

Image = NDArray[np.uint8]


class SpentTime:
    """A clock in nanoseconds that advances by the milliseconds spent."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def spend(self, ms: float) -> None:
        self.now_ns += int(ms * 1e6)


class Bars(Source):
    """A source of pictures with one bar each, whose brightness is a digit; 'x' is a picture that cannot be read."""

    title, live = "bars", False

    def __init__(self, digits: str, clock: SpentTime, *, failure: SourceError | None = None) -> None:
        self.closed = False
        self._digits, self._clock, self._failure, self._next = digits, clock, failure, 0

    def read(self) -> Frame | None:
        number, self._next = self._next, self._next + 1
        if number == len(self._digits):
            if self._failure is not None:
                raise self._failure
            return None
        if self._digits[number] == "x":
            raise PictureError("bar x cannot be read")
        digit = int(self._digits[number])
        image = np.zeros((40, 40, 3), np.uint8)
        image[10:30, 5:15] = 20 * (digit + 1)
        frame = Frame(image, self._clock(), number, "bars", truth=(TrueDigit(digit, Box(5, 10, 10, 20)),))
        self._clock.spend(2)
        return frame

    def close(self) -> None:
        self.closed = True


def must_not_reopen() -> Source:
    raise AssertionError("a source that is not live must not be opened again")


def bar_watch(clock: SpentTime) -> Watch:
    """Return a watch that reads a bar in 3 ms and announces it, unless it is the same as the previous one."""
    before: list[str] = []

    def watch(frame: Frame) -> Observation:
        grey = frame.image[:, :, 0]
        x, y, w, h = cv2.boundingRect(cv2.findNonZero(grey))
        digit = Digit(int(grey.max()) // 20 - 1, 1.0, Box(x, y, w, h))
        reading = Reading(str(digit.digit), digit.box, 1.0, (digit,))
        unchanged = before[-1:] == [reading.text]
        before.append(reading.text)
        clock.spend(0 if unchanged else 3)
        page = Page(40, 40, (digit,), (reading,), {"ink": 1.0, "candidates": 1.0, "classify": 1.0, "lines": 0.0})
        return Observation(page, () if unchanged else (reading,), unchanged)

    return watch


class Recorder:
    """A sink that keeps its events."""

    def __init__(self) -> None:
        self.events: list[FrameEvent] = []
        self.closed = False

    def take(self, event: Event) -> None:
        assert not self.closed
        assert isinstance(event, FrameEvent)
        self.events.append(event)

    def close(self) -> None:
        self.closed = True

    @property
    def announced(self) -> str:
        return "".join(reading.text for event in self.events for reading in event.announced)


@pytest.fixture
def clock() -> SpentTime:
    return SpentTime()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def test_each_frame_of_a_finite_source_reaches_the_sinks_and_the_summary(
    clock: SpentTime, stop: threading.Event
) -> None:
    direct, behind = Recorder(), Recorder()
    source = Bars("1111222233334", clock)
    sinks: list[Sink] = [direct, QueuedSink(behind, "behind", wait=True, size=1)]
    with feed(source, must_not_reopen, print) as frames:
        summary = loop(frames, bar_watch(clock), sinks, stop=stop, clock_ns=clock)
    assert summary.failure is None
    assert direct.announced == behind.announced == "1234"
    assert [event.number for event in behind.events] == list(range(13))
    assert (summary.counts.frames, summary.counts.readings, summary.counts.digits) == (13, 4, 4)
    assert summary.score is not None
    assert (summary.score.true, summary.score.right, summary.score.false) == (13, 13, 0)
    assert direct.closed
    assert behind.closed
    assert source.closed


def test_latency_counts_from_the_moment_of_capture(clock: SpentTime, stop: threading.Event) -> None:
    recorder = Recorder()
    with feed(Bars("7", clock), must_not_reopen, print) as frames:
        loop(frames, bar_watch(clock), [recorder], stop=stop, clock_ns=clock)
    assert recorder.events[0].latency_ms == {
        "age": 2.0,
        "ink": 1.0,
        "candidates": 1.0,
        "classify": 1.0,
        "lines": 0.0,
        "total": 5.0,
    }


def test_unchanged_frames_are_counted_and_have_no_latency(clock: SpentTime, stop: threading.Event) -> None:
    recorder = Recorder()
    with feed(Bars("1112", clock), must_not_reopen, print) as frames:
        summary = loop(frames, bar_watch(clock), [recorder], stop=stop, clock_ns=clock)
    assert [event.counts.unchanged for event in recorder.events] == [0, 1, 2, 2]
    assert [bool(event.latency_ms) for event in recorder.events] == [True, False, False, True]
    assert all(event.image is not None and event.page.readings for event in recorder.events)
    assert (summary.counts.frames, summary.counts.unchanged) == (4, 2)


@pytest.mark.parametrize(("limits", "frames"), [(Limits(frames=4), 4), (Limits(seconds=0.012), 3), (Limits(), 9)])
def test_limits_end_a_run(limits: Limits, frames: int, clock: SpentTime, stop: threading.Event) -> None:
    with feed(Bars("123456789", clock), must_not_reopen, print) as given:
        watch = bar_watch(clock)
        summary = loop(given, watch, [], stop=stop, limits=limits, clock_ns=clock)
    assert summary.counts.frames == frames


def test_a_stop_ends_a_run_after_the_current_frame(clock: SpentTime, stop: threading.Event) -> None:
    class Stopper(Recorder):
        def take(self, event: Event) -> None:
            super().take(event)
            if len(self.events) == 3:
                stop.set()

    recorder = Stopper()
    with feed(Bars("1" * 50, clock), must_not_reopen, print) as frames:
        loop(frames, bar_watch(clock), [recorder], stop=stop, clock_ns=clock)
    assert len(recorder.events) == 3
    assert recorder.closed


def test_a_picture_that_cannot_be_read_is_reported_and_skipped(clock: SpentTime, stop: threading.Event) -> None:
    warnings: list[str] = []
    with feed(Bars("1x2", clock), must_not_reopen, warnings.append) as frames:
        summary = loop(frames, bar_watch(clock), [], stop=stop, clock_ns=clock)
    assert warnings == ["bar x cannot be read"]
    assert (summary.counts.frames, summary.counts.readings) == (2, 2)
    assert str(summary.failure) == "bars: 1 could not be read, see the warnings above; copy them again or remove them"


def test_frames_before_a_failure_are_in_the_summary(clock: SpentTime, stop: threading.Event) -> None:
    recorder = Recorder()
    failure = SourceError("the video is cut off")
    with feed(Bars("12", clock, failure=failure), must_not_reopen, print) as frames:
        summary = loop(frames, bar_watch(clock), [recorder], stop=stop, clock_ns=clock)
    assert summary.failure is failure
    assert summary.counts.frames == len(recorder.events) == 2
    assert recorder.closed


def test_dropped_frames_of_a_live_source_are_counted(clock: SpentTime, stop: threading.Event) -> None:
    def frames() -> Iterator[Frame | None]:
        source = Bars("1" * 10, clock)
        every = [source.read() for _ in range(10)]
        yield from (every[0], None, every[3], every[4], None, every[9])

    summary = loop(frames(), bar_watch(clock), [], stop=stop, clock_ns=clock)
    assert (summary.counts.frames, summary.counts.dropped) == (4, 6)


def test_frame_events_have_the_newest_vitals(clock: SpentTime, stop: threading.Event) -> None:
    recorder = Recorder()
    samples = iter([None, Vitals(1, 2500.0, 41.0), Vitals(2, 3500.0, 42.0)])
    with feed(Bars("123", clock), must_not_reopen, print) as frames:
        watch = bar_watch(clock)
        summary = loop(frames, watch, [recorder], stop=stop, vitals=lambda: next(samples), clock_ns=clock)
    assert [event.vitals and event.vitals.temperature_c for event in recorder.events] == [None, 41.0, 42.0]
    assert summary.power is not None
    assert summary.power.mean_mw == 3000.0
