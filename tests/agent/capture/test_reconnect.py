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
SEEN_WITHIN_S = 2.0
FRAME_S = 0.1
ENOUGH_S = 120.0


class Clock:
    """Seconds that pass when somebody spends them."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def spend(self, seconds: float) -> None:
        self.now_s += seconds


class Rig:
    """A camera, its cable and its driver, which break as a test wishes; what is opened next mends what was broken."""

    def __init__(self) -> None:
        self.fault = ""
        self.refusals: list[SourceError] = []
        """What the next openings raise."""
        self.stuck = threading.Event()
        """Whether a read hangs at this moment."""
        self._free = threading.Event()
        """Lets go the reads that hang."""
        self.lets_go = True
        self.opened = self.closed = 0
        self._rng = np.random.default_rng(1)

    def open(self) -> Source:
        if self.refusals:
            raise self.refusals.pop(0)
        self.opened += 1
        self.fault = ""
        if self.lets_go:
            self.free()
        return Camera(self)

    def free(self) -> None:
        """Let every read that hangs come back."""
        self.stuck.clear()
        self._free.set()
        self._free = threading.Event()

    def hang(self) -> None:
        free = self._free
        self.stuck.set()
        free.wait(ENOUGH_S)

    def picture(self) -> NDArray[np.uint8]:
        return self._rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)


class Camera(Source):
    title, live = "camera", True

    def __init__(self, rig: Rig) -> None:
        self._rig, self._number, self._last = rig, -1, rig.picture()

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
                return self._frame(self._last)
        self._last = self._rig.picture()
        return self._frame(self._last)

    def _frame(self, image: NDArray[np.uint8]) -> Frame:
        self._number += 1
        return Frame(image, 0, self._number, "camera")

    def close(self) -> None:
        self._rig.closed += 1


class Bench:
    """A camera that breaks, what watches it, what that says and when; the clock runs while nothing else can happen."""

    def __init__(self, policy: ReconnectPolicy = POLICY) -> None:
        self.rig, self.clock, self.said = Rig(), Clock(), list[tuple[float, str]]()
        self.pauses_s: list[float] = []
        self.reconnecting = self.watch(self.rig.open, policy)

    def watch(self, opening: Callable[[], Source], policy: ReconnectPolicy = POLICY) -> ReconnectingSource:
        return ReconnectingSource(opening(), opening, self._say, policy=policy, clock=self.clock, sleep=self._sleep)

    def _say(self, text: str) -> None:
        self.said.append((self.clock(), text))

    def _sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.clock.spend(seconds)

    def step(self) -> Frame | None:
        outage = self.reconnecting.outage
        frame = self.reconnecting.get(outage.next_try_s if outage is not None and outage.next_try_s else 0.001)
        outage = self.reconnecting.outage
        if outage is not None and not outage.next_try_s:
            self.clock.spend(0.5)
        elif frame is not None or (outage is None and self.rig.stuck.is_set()):
            self.clock.spend(FRAME_S)
        return frame

    def run(self, until: Callable[[], bool]) -> None:
        """Take frames until something holds."""
        deadline = time.monotonic() + ENOUGH_S
        while not until():
            assert time.monotonic() < deadline, self.said
            self.step()

    def see_frames(self, count: int) -> list[Frame]:
        seen: list[Frame] = []
        while len(seen) < count:
            seen += [frame for frame in [self.step()] if frame is not None]
        return seen

    def words(self) -> list[str]:
        return [text for _, text in self.said]


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(getattr(request, "param", POLICY))
    with closing(bench.reconnecting):
        yield bench
        bench.rig.free()


def threads_and_files() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    "bench", [ReconnectPolicy(release_timeout_s=4, retry_delays_s=(0.5, 1))], indirect=True, ids=["brisk"]
)
@pytest.mark.parametrize(
    ("fault", "refusals", "said"),
    [
        ("silent", [], "camera gives no frame; check that it is connected and running"),
        ("frozen", [], "camera shows the same picture all the time; if things move in front of it, it hangs"),
        ("hangs", [], "camera gives no frame; check that it is connected and running"),
        ("unplugged", ["camera was unplugged"] * 2, "camera was unplugged"),
        ("forbidden", ["no permission to use the camera"] * 3, "camera is not yours to use"),
        ("ended", [], "camera ended; check that it is running"),
        ("grey", [], "camera gives 24×32 uint8 instead of a BGR image; set it to another format"),
    ],
)
def test_each_fault_is_seen_said_once_and_outlasted_a_hundred_times(
    fault: str, refusals: list[str], said: str, bench: Bench
) -> None:
    bench.see_frames(2)
    before = threads_and_files()
    for number in range(1, TIMES + 1):
        last_s = bench.clock()
        bench.rig.refusals = [SourceError(text) for text in refusals]
        bench.rig.fault = fault
        bench.run(lambda: len(bench.said) == 2 * number - 1)  # noqa: B023
        assert bench.clock() - last_s <= SEEN_WITHIN_S
        if fault == "silent":
            bench.rig.free()  # by itself, while the pause lasts
        bench.run(lambda: len(bench.said) == 2 * number)  # noqa: B023
        bench.see_frames(2)
    assert bench.words()[::2] == [said] * TIMES
    assert all(re.fullmatch(r"camera is back after \d+ s", text) for text in bench.words()[1::2])
    assert bench.rig.opened == TIMES + 1
    bench.run(lambda: bench.rig.closed == TIMES)
    assert threads_and_files() == before


def test_frames_are_numbered_on_across_an_outage(bench: Bench) -> None:
    first = bench.see_frames(3)[-1].number
    bench.rig.fault = "unplugged"
    bench.run(lambda: len(bench.said) == 2)
    later = [frame.number for frame in bench.see_frames(5)]
    assert first < later[0]
    assert later == sorted(set(later))


def test_pauses_grow_and_begin_anew_after_a_while_that_went_well(bench: Bench) -> None:
    bench.see_frames(1)
    bench.rig.refusals = [SourceError("camera was unplugged")] * 9
    bench.rig.fault = "unplugged"
    bench.run(lambda: len(bench.said) == 2)
    assert bench.pauses_s == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30])
    bench.rig.fault = "unplugged"
    bench.run(lambda: len(bench.said) == 4)
    assert bench.pauses_s[10:] == pytest.approx([30])
    bench.see_frames(int(31 / FRAME_S))
    bench.rig.fault = "unplugged"
    bench.run(lambda: len(bench.said) == 6)
    assert bench.pauses_s[11:] == pytest.approx([0.5])


def test_an_outage_is_told_again_only_where_its_reason_changes(bench: Bench) -> None:
    bench.see_frames(1)
    missing, busy = SourceError("no camera"), SourceError("another program has it")
    bench.rig.refusals = [missing, missing, busy, missing, busy, busy]
    bench.rig.fault = "silent"
    bench.run(lambda: bench.words()[-1:] == ["another program has it"])
    bench.rig.free()
    bench.run(lambda: len(bench.said) == 4)
    words = bench.words()
    assert words[:3] == [
        "camera gives no frame; check that it is connected and running",
        "no camera",
        "another program has it",
    ]
    assert words[3].startswith("camera is back after ")


def test_how_long_a_camera_is_away_and_when_it_is_tried(bench: Bench) -> None:
    def now() -> Outage | None:
        return bench.reconnecting.outage

    bench.see_frames(1)
    assert now() is None
    bench.rig.refusals = [SourceError("camera was unplugged")] * 5
    bench.rig.fault = "unplugged"
    bench.run(lambda: len(bench.pauses_s) == 4 and (outage := now()) is not None and outage.next_try_s > 0)
    outage = now()
    assert outage is not None
    assert 7.5 <= outage.since_s <= 7.5 + FRAME_S + 5 * 0.5  # so much the openings may have taken
    assert outage.next_try_s == pytest.approx(8.0)
    assert outage.reason == "camera was unplugged"
    bench.run(lambda: len(bench.said) == 2)
    assert now() is None


def test_a_still_picture_is_handed_on_and_watched(bench: Bench) -> None:
    """Such are those of a screen that is filmed by its cable, and nothing is wrong with them."""

    class Slide(Camera):
        def read(self) -> Frame | None:
            time.sleep(0.001)
            return self._frame(slide)

    slide = bench.rig.picture()
    bench.reconnecting.close()
    with closing(bench.watch(lambda: Slide(bench.rig))) as bench.reconnecting:
        frames = bench.see_frames(600)
        assert [frame.number for frame in frames] == sorted({frame.number for frame in frames})
        assert bench.words() == ["camera shows the same picture all the time; if things move in front of it, it hangs"]
        slide = bench.rig.picture()
        bench.run(lambda: len(bench.said) == 2)
        assert bench.words()[1].startswith("camera is back after ")


def test_a_camera_that_hangs_and_cannot_be_had_besides_fails_the_run(bench: Bench) -> None:
    bench.see_frames(1)
    bench.rig.refusals = [SourceError("another program has it")] * 20
    began_s = bench.clock()
    bench.rig.fault = "hangs"
    with pytest.raises(SourceError, match=r"^camera hangs in its driver, 1 times so far; restart digit-agent"):
        bench.run(lambda: False)
    assert POLICY.hang_timeout_s <= bench.clock() - began_s <= POLICY.hang_timeout_s + POLICY.retry_delays_s[-1]


def test_threads_that_hang_are_left_behind_only_so_often(bench: Bench) -> None:
    bench.rig.lets_go = False

    def hang() -> None:
        heard = len(bench.said)
        bench.rig.stuck.clear()
        bench.rig.fault = "hangs"
        bench.run(lambda: len(bench.said) == heard + 2)
        bench.see_frames(1)

    for _ in range(POLICY.max_hung_threads):
        hang()
    with pytest.raises(SourceError, match=f"{POLICY.max_hung_threads + 1} times so far"):
        hang()


@pytest.mark.parametrize("fault", ["unplugged", "frozen"])
def test_an_opening_that_hangs_is_given_up(fault: str, bench: Bench) -> None:
    gate, openings = threading.Event(), iter([bench.rig.open])

    def hang_later() -> Source:
        for opening in openings:
            return opening()
        gate.wait(ENOUGH_S)
        return bench.rig.open()

    bench.reconnecting.close()
    with closing(bench.watch(hang_later)) as bench.reconnecting:
        bench.see_frames(1)
        bench.rig.fault = fault
        bench.run(lambda: len(bench.said) == 1)
        bench.run(lambda: bench.reconnecting.outage is not None and not bench.reconnecting.outage.next_try_s)
        bench.run(lambda: len(bench.said) == 2)
        gate.set()
        bench.run(lambda: len(bench.said) == 3)
    assert bench.words()[1] == "camera gives no frame; check that it is connected and running"
    assert bench.words()[2].startswith("camera is back after ")


def test_a_mistake_of_ours_is_no_fault_of_the_camera(bench: Bench) -> None:
    bench.see_frames(1)
    bench.rig.refusals = [ZeroDivisionError()]  # type: ignore[list-item]
    bench.rig.fault = "unplugged"
    with pytest.raises(ZeroDivisionError):
        bench.run(lambda: False)


def test_closing_waits_for_no_camera_that_hangs(bench: Bench) -> None:
    bench.see_frames(1)
    bench.rig.fault = "hangs"
    bench.run(bench.rig.stuck.is_set)
    started = time.monotonic()
    bench.reconnecting.close()
    assert time.monotonic() - started < ENOUGH_S / 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (12.4, "12 s"), (99.6, "100 s"), (120, "2 min"), (7200, "2 h"), (1e6, "12 days")],
)
def test_a_time_in_words(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_what_is_away_in_words() -> None:
    assert str(Outage(12, 3.2, "")) == "camera away for 12 s, next try in 4 s"
    assert str(Outage(400, 0, "")) == "camera away for 7 min, trying again"


@pytest.mark.parametrize(("frame_s", "frozen_after"), [(0.03, 61), (1.0, MIN_REPEATS)])
def test_a_picture_is_frozen_after_a_while_and_some_frames(frame_s: float, frozen_after: int) -> None:
    still, picture = FreezeDetector(1.8), np.full((48, 64, 3), 7, np.uint8)
    frozen = []
    for number in range(frozen_after + 1):
        still.add(picture.copy(), number * frame_s)
        frozen.append(still.frozen)
    assert frozen == [False] * frozen_after + [True]
    picture[5, 5, 1] += 1  # between those that are sampled
    still.add(picture, 99)
    assert (still.frozen, still.repeats) == (False, False)
