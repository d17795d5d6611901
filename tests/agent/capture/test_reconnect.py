from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.freeze import MIN_REPEATS, FreezeDetector
from agent.capture.outage import Outage, format_duration
from agent.capture.reconnect import ReconnectingSource, ReconnectPolicy
from agent.capture.source import Frame, Source
from profiles.errors import SourceError

TIMES = 100
POLICY = ReconnectPolicy()
SHORT_POLICY = ReconnectPolicy(release_timeout_s=4, retry_delays_s=(0.5, 1))
NOTICED_WITHIN_S = 2.0
FRAME_S = 0.1
TIMEOUT_S = 120.0
THREAD_END_S = 0.5
"""Real time that a thread gets to end while the clock of the test stands still."""
FROZEN_REPORT = "camera shows the same picture all the time; if things move in front of it, it hangs"


class Clock:
    """A clock that stands still between calls of `advance`."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class CameraRig:
    """A camera, its cable and its driver, with one fault at a time; opening the camera again repairs it."""

    def __init__(self) -> None:
        self.fault = ""
        self.refusals: list[SourceError] = []
        """Errors that the next openings raise, in order."""
        self.stuck = threading.Event()
        """Set while a read or an opening hangs."""
        self._free = threading.Event()
        """Set to let hanging reads return."""
        self.releases = True
        self.opened = self.closed = 0
        self._rng = np.random.default_rng(1)

    def open(self) -> Source:
        self.stuck.clear()
        if self.refusals:
            raise self.refusals.pop(0)
        self.opened += 1
        self.fault = ""
        if self.releases:
            self.free()
        return FaultyTestCamera(self)

    def free(self) -> None:
        """Let every read that hangs return."""
        self.stuck.clear()
        self._free.set()
        self._free = threading.Event()

    def hang(self) -> None:
        free = self._free
        self.stuck.set()
        free.wait(TIMEOUT_S)

    def image(self) -> NDArray[np.uint8]:
        return self._rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)


class FaultyTestCamera(Source):
    title, live = "camera", True

    def __init__(self, rig: CameraRig) -> None:
        self._rig, self._number, self._last = rig, -1, rig.image()

    def read(self) -> Frame | None:
        time.sleep(0.001)
        match self._rig.fault:
            case "silent" | "hangs":
                self._rig.hang()
            case "unplugged":
                raise SourceError("camera was unplugged")
            case "forbidden":
                raise SourceError("no permission to use the camera")
            case "ended":
                return None
            case "grey":
                return self._frame(self._last[..., 0])
            case "frozen":
                return self._frame(self._last.copy())
        self._last = self._rig.image()
        return self._frame(self._last)

    def _frame(self, image: NDArray[np.uint8]) -> Frame:
        self._number += 1
        return Frame(image, 0, self._number, "camera")

    def close(self) -> None:
        self._rig.closed += 1


class ReconnectHarness:
    """A faulty camera, the source that reconnects to it, and its reports with their times.

    The clock advances only when nothing else can happen.
    """

    def __init__(self, policy: ReconnectPolicy = POLICY) -> None:
        self._threads = threading.active_count()
        self.rig, self.clock, self.reports = CameraRig(), Clock(), list[tuple[float, str]]()
        self.delays_s: list[float] = []
        self.reconnecting = self.watch(self.rig.open, policy)

    def watch(self, opening: Callable[[], Source], policy: ReconnectPolicy = POLICY) -> ReconnectingSource:
        return ReconnectingSource(opening(), opening, self._report, policy=policy, clock=self.clock, sleep=self._sleep)

    def _report(self, text: str) -> None:
        self.reports.append((self.clock(), text))

    def _sleep(self, seconds: float) -> None:
        self.delays_s.append(seconds)
        # A thread that does not hang ends in these seconds, even on a busy machine.
        deadline = time.monotonic() + THREAD_END_S
        while threading.active_count() > self._threads and not self.rig.stuck.is_set() and time.monotonic() < deadline:
            time.sleep(0.001)
        self.clock.advance(seconds)

    def step(self) -> Frame | None:
        outage = self.reconnecting.outage
        frame = self.reconnecting.get(outage.next_try_s if outage is not None and outage.next_try_s else 0.001)
        outage = self.reconnecting.outage
        if outage is not None and not outage.next_try_s and self.rig.stuck.is_set():
            self.clock.advance(0.5)
        elif frame is not None or (outage is None and self.rig.stuck.is_set()):
            self.clock.advance(FRAME_S)
        return frame

    def run(self, until: Callable[[], bool]) -> None:
        """Take frames until a condition holds."""
        deadline = time.monotonic() + TIMEOUT_S
        while not until():
            assert time.monotonic() < deadline, self.reports
            self.step()

    def take_frames(self, count: int) -> list[Frame]:
        taken: list[Frame] = []
        while len(taken) < count:
            taken += [frame for frame in [self.step()] if frame is not None]
        return taken

    def texts(self) -> list[str]:
        return [text for _, text in self.reports]


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[ReconnectHarness]:
    harness = ReconnectHarness(getattr(request, "param", POLICY))
    with closing(harness.reconnecting):
        yield harness
        harness.rig.free()


def threads_and_files() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
@pytest.mark.parametrize("harness", [SHORT_POLICY], indirect=True, ids=["short delays"])
@pytest.mark.parametrize(
    ("fault", "refusals", "report"),
    [
        ("silent", [], "camera gives no frame; check that it is connected and running"),
        ("frozen", [], FROZEN_REPORT),
        ("hangs", [], "camera gives no frame; check that it is connected and running"),
        ("unplugged", ["camera was unplugged"] * 2, "camera was unplugged"),
        ("forbidden", ["no permission to use the camera"] * 3, "no permission to use the camera"),
        ("ended", [], "camera ended; check that it is running"),
        ("grey", [], "camera gives 24×32 uint8 instead of a BGR image; set it to another format"),
    ],
)
def test_each_fault_is_noticed_reported_once_and_recovered_from_a_hundred_times(
    fault: str, refusals: list[str], report: str, harness: ReconnectHarness
) -> None:
    harness.take_frames(2)
    before = threads_and_files()
    for number in range(1, TIMES + 1):
        last_s = harness.clock()
        harness.rig.refusals = [SourceError(text) for text in refusals]
        harness.rig.fault = fault
        harness.run(lambda: len(harness.reports) == 2 * number - 1)  # noqa: B023
        assert harness.clock() - last_s <= NOTICED_WITHIN_S
        if fault == "silent":
            harness.rig.free()  # by itself, before the next attempt
        harness.run(lambda: len(harness.reports) == 2 * number)  # noqa: B023
        harness.take_frames(2)
    assert harness.texts()[::2] == [report] * TIMES
    assert all(re.fullmatch(r"camera is back after \d+ s", text) for text in harness.texts()[1::2])
    assert harness.rig.opened == TIMES + 1
    harness.run(lambda: harness.rig.closed == TIMES)
    assert threads_and_files() == before


def test_frame_numbers_go_on_after_an_outage(harness: ReconnectHarness) -> None:
    first = harness.take_frames(3)[-1].number
    harness.rig.fault = "unplugged"
    harness.run(lambda: len(harness.reports) == 2)
    later = [frame.number for frame in harness.take_frames(5)]
    assert first < later[0]
    assert later == sorted(set(later))


def test_retry_delays_grow_and_restart_after_a_good_period(harness: ReconnectHarness) -> None:
    harness.take_frames(1)
    harness.rig.refusals = [SourceError("camera was unplugged")] * 9
    harness.rig.fault = "unplugged"
    harness.run(lambda: len(harness.reports) == 2)
    assert harness.delays_s == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30])
    harness.rig.fault = "unplugged"
    harness.run(lambda: len(harness.reports) == 4)
    assert harness.delays_s[10:] == pytest.approx([30])
    harness.take_frames(int(31 / FRAME_S))
    harness.rig.fault = "unplugged"
    harness.run(lambda: len(harness.reports) == 6)
    assert harness.delays_s[11:] == pytest.approx([0.5])


def test_an_outage_is_reported_again_only_when_its_reason_changes(harness: ReconnectHarness) -> None:
    harness.take_frames(1)
    missing, busy = SourceError("no camera"), SourceError("another program has it")
    harness.rig.refusals = [missing, missing, busy, missing, busy, busy]
    harness.rig.fault = "silent"
    harness.run(lambda: harness.texts()[-1:] == ["another program has it"])
    harness.rig.free()
    harness.run(lambda: len(harness.reports) == 4)
    texts = harness.texts()
    assert texts[:3] == [
        "camera gives no frame; check that it is connected and running",
        "no camera",
        "another program has it",
    ]
    assert texts[3].startswith("camera is back after ")


def test_the_outage_has_its_duration_reason_and_next_attempt(harness: ReconnectHarness) -> None:
    def current_outage() -> Outage | None:
        return harness.reconnecting.outage

    harness.take_frames(1)
    assert current_outage() is None
    harness.rig.refusals = [SourceError("camera was unplugged")] * 5
    harness.rig.fault = "unplugged"
    harness.run(
        lambda: len(harness.delays_s) == 4 and (outage := current_outage()) is not None and outage.next_try_s > 0
    )
    outage = current_outage()
    assert outage is not None
    assert 7.5 <= outage.since_s < 7.5 + 2 * FRAME_S  # the clock stands still during the attempts
    assert outage.next_try_s == pytest.approx(8.0)
    assert outage.reason == "camera was unplugged"
    harness.run(lambda: len(harness.reports) == 2)
    assert current_outage() is None


@pytest.mark.slow
def test_frames_of_a_still_image_are_passed_on_and_reported_as_frozen(harness: ReconnectHarness) -> None:
    """For example a screen that is captured by its cable: nothing is wrong with it."""

    class Slide(FaultyTestCamera):
        def read(self) -> Frame | None:
            time.sleep(0.001)
            return self._frame(slide.copy())

    slide = harness.rig.image()
    harness.reconnecting.close()
    with closing(harness.watch(lambda: Slide(harness.rig))) as harness.reconnecting:
        frames = harness.take_frames(600)
        assert [frame.number for frame in frames] == sorted({frame.number for frame in frames})
        assert harness.texts() == [FROZEN_REPORT]
        slide = harness.rig.image()
        harness.run(lambda: len(harness.reports) == 2)
        assert harness.texts()[1].startswith("camera is back after ")


@pytest.mark.slow
def test_a_camera_that_hangs_and_cannot_be_opened_again_fails_the_run(harness: ReconnectHarness) -> None:
    harness.take_frames(1)
    harness.rig.refusals = [SourceError("another program has it")] * 20
    started_s = harness.clock()
    harness.rig.fault = "hangs"
    with pytest.raises(SourceError, match=r"^camera hangs in its driver, 1 times so far; restart digit-agent"):
        harness.run(lambda: False)
    assert POLICY.hang_timeout_s <= harness.clock() - started_s <= POLICY.hang_timeout_s + POLICY.retry_delays_s[-1]


def test_the_number_of_hung_threads_is_limited(harness: ReconnectHarness) -> None:
    harness.rig.releases = False

    def hang() -> None:
        reports_before = len(harness.reports)
        harness.rig.stuck.clear()
        harness.rig.fault = "hangs"
        harness.run(lambda: len(harness.reports) == reports_before + 2)
        harness.take_frames(1)

    for _ in range(POLICY.max_hung_threads):
        hang()
    with pytest.raises(SourceError, match=f"{POLICY.max_hung_threads + 1} times so far"):
        hang()


@pytest.mark.parametrize("fault", ["unplugged", "frozen"])
def test_an_opening_that_hangs_times_out(fault: str, harness: ReconnectHarness) -> None:
    gate, openings = threading.Event(), iter([harness.rig.open])

    def hang_later() -> Source:
        for opening in openings:
            return opening()
        harness.rig.stuck.set()
        gate.wait(TIMEOUT_S)
        return harness.rig.open()

    harness.reconnecting.close()
    with closing(harness.watch(hang_later)) as harness.reconnecting:
        harness.take_frames(1)
        harness.rig.fault = fault
        harness.run(lambda: len(harness.reports) == 1)
        harness.run(lambda: harness.reconnecting.outage is not None and not harness.reconnecting.outage.next_try_s)
        harness.run(lambda: len(harness.reports) == 2)
        gate.set()
        harness.run(lambda: len(harness.reports) == 3)
    assert harness.texts()[1] == "camera gives no frame; check that it is connected and running"
    assert harness.texts()[2].startswith("camera is back after ")


def test_a_programming_error_is_raised_and_not_retried(harness: ReconnectHarness) -> None:
    harness.take_frames(1)
    harness.rig.refusals = [ZeroDivisionError()]  # type: ignore[list-item]
    harness.rig.fault = "unplugged"
    with pytest.raises(ZeroDivisionError):
        harness.run(lambda: False)


@pytest.mark.slow
def test_close_does_not_wait_for_a_camera_that_hangs(harness: ReconnectHarness) -> None:
    harness.take_frames(1)
    harness.rig.fault = "hangs"
    harness.run(harness.rig.stuck.is_set)
    started = time.monotonic()
    harness.reconnecting.close()
    assert time.monotonic() - started < TIMEOUT_S / 3


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [(0, "0 s"), (12.4, "12 s"), (99.6, "100 s"), (120, "2 min"), (7200, "2 h"), (1e6, "12 days")],
)
def test_durations_are_formatted_in_a_fitting_unit(seconds: float, texts: str) -> None:
    assert format_duration(seconds) == texts


def test_an_outage_is_formatted_as_text() -> None:
    assert str(Outage(12, 3.2, "")) == "camera outage for 12 s, next try in 4 s"
    assert str(Outage(400, 0, "")) == "camera outage for 7 min, trying again"


@pytest.mark.parametrize(("frame_s", "frozen_after"), [(0.03, 61), (1.0, MIN_REPEATS)])
def test_a_freeze_needs_the_timeout_and_enough_repeats(frame_s: float, frozen_after: int) -> None:
    still, picture = FreezeDetector(1.8), np.full((48, 64, 3), 7, np.uint8)
    frozen = []
    for number in range(frozen_after + 1):
        still.add(picture.copy(), number * frame_s)
        frozen.append(still.frozen)
    assert frozen == [False] * frozen_after + [True]
    picture[5, 5, 1] += 1  # a pixel that is not sampled
    still.add(picture, 99)
    assert (still.frozen, still.repeats) == (False, False)
