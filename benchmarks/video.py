"""Whether numbers in a film are announced: each one right, each one once.

    python -m benchmarks.video --seeds 20      # about four minutes

It runs the agent's own loop over films whose truth is known, as a live camera of a board that takes some time for a
look: frames that come meanwhile are dropped. What goes wrong is told apart: where most legible frames were misread,
no tracking can help.
"""

from __future__ import annotations

import argparse
import math
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from agent.capture.frame import Frame
from agent.choice.choose import choose_nets
from agent.events import FrameEvent
from agent.live.loop import loop
from agent.live.watch import VideoWatch
from agent.paths import default_artifacts
from agent.vision.classify import Nets
from agent.vision.lines import group_lines
from agent.vision.page import Page
from agent.vision.pipeline import THOROUGH, Depth, read_page
from benchmarks.rendered_video import RenderedVideo, VideoFrame, VisibleNumber
from benchmarks.report import Bound, check_bounds
from profiles.board import detect_board

FRAMES_PER_S = 30
FRAME_MS = 100.0
"""The budget of the board that is played, ..."""
QUICK_MS, THOROUGH_MS = 50.0, 150.0
"""... and what it takes for a look."""
MIN_SHOWN_S = 2.0
"""A number counts as shown when it was wholly in view for so long without a break, and legible half of it."""
MIN_SAME_PLACE_IOU = 0.1
"""A reading is told of the number whose box it overlaps most, and at least so much."""
MIN_READ_RIGHT_SHARE = 0.5
"""Where fewer of a number's legible frames were read right, the reading is to blame, not the tracking."""


@dataclass
class NumberTrace:
    """What happened to a number in a film."""

    name: str
    text: str
    first_s: float = math.inf
    """When it was first wholly in view."""
    shown: bool = False
    """It was wholly in view long enough."""
    legible: int = 0
    """Looks at it in which it was whole and sharp, ..."""
    read_right: int = 0
    """... and those of them that read it right, before any tracking."""
    announced: list[tuple[float, str]] = field(default_factory=list)
    _since_s: float = field(default=0.0, repr=False)
    _streak: list[bool] = field(default_factory=list, repr=False)

    def update(self, number: VisibleNumber, frame: VideoFrame, page: Page | None, at_s: float) -> None:
        """Note what a frame shows of it, and what was read there."""
        if not number.complete:
            self._streak.clear()
            return
        self.first_s = min(self.first_s, at_s)
        self._since_s = self._since_s if self._streak else at_s
        self._streak.append(frame.legible)
        self.shown |= at_s - self._since_s >= MIN_SHOWN_S and sum(self._streak) >= len(self._streak) / 2
        if page is not None and frame.legible:
            self.legible += 1
            self.read_right += any(
                reading.text == number.text and reading.box.iou(number.box) > 0.5 for reading in page.readings
            )

    @property
    def error(self) -> str | None:
        """What was wrong with its announcements."""
        if any(text != self.text for _, text in self.announced):
            return "wrong"
        if len(self.announced) > 1:
            return "twice"
        return "missed" if self.shown and not self.announced else None

    @property
    def cause(self) -> str:
        """What made the fault."""
        return "reading" if self.read_right < MIN_READ_RIGHT_SHARE * self.legible else "tracking"

    def __str__(self) -> str:
        said = ", ".join(f"{text} at {at_s:.1f} s" for at_s, text in self.announced) or "nothing"
        return f"{self.name} is {self.text}, announced {said}; {self.read_right} of {self.legible} looks read it right"


@dataclass(frozen=True)
class VideoResult:
    """What became of a film's numbers."""

    traces: tuple[NumberTrace, ...]
    spurious: tuple[tuple[float, str], ...]
    """Announced where no number stands: when, and what."""

    @property
    def shown(self) -> int:
        return sum(trace.shown for trace in self.traces)

    @property
    def right(self) -> int:
        """Numbers shown that were announced once, rightly, and nothing else was."""
        return sum(trace.shown and trace.error is None for trace in self.traces)

    @property
    def delays_s(self) -> list[float]:
        """From when a number was first wholly in view until it was announced."""
        return [
            trace.announced[0][0] - trace.first_s
            for trace in self.traces
            if trace.announced and trace.first_s is not None
        ]


class VideoPlayer:
    """Plays a film as a live camera, and reads it as a board of a certain speed.

    Args:
        film: what is played.
        nets: judge candidates.
        slips: a share of digits that is made to be missed, and another that is misread, on top of what is.
        slowness: how much longer than usual the board takes.
    """

    def __init__(self, video: RenderedVideo, nets: Nets, slips: float = 0.0, slowness: float = 1.0) -> None:
        self._film, self._nets, self._slips = video, nets, slips
        self._slowness = slowness
        self._now_ns = 0
        self.shots: dict[int, VideoFrame] = {}
        self.pages: dict[int, Page] = {}
        """What was read on a frame, before any tracking."""

    def clock_ns(self) -> int:
        return self._now_ns

    def frames(self) -> Iterator[Frame]:
        number = -1
        while (number := max(number + 1, self._now_ns * FRAMES_PER_S // 10**9)) < self._film.duration_s * FRAMES_PER_S:
            captured_ns = number * 10**9 // FRAMES_PER_S
            self._now_ns = max(self._now_ns, captured_ns)
            self._number, self.shots[number] = number, self._film.frame_at(number / FRAMES_PER_S)
            yield Frame(self.shots[number].image, captured_ns, number, "film")

    def read(self, image: NDArray[np.uint8], *, depth: Depth) -> Page:
        page = read_page(image, self._nets, depth)
        if self._slips:
            page = _add_errors(page, np.random.default_rng((self._number, 7)), self._slips)
        self.pages[self._number] = page
        self._now_ns += int(1e6 * self._slowness * (THOROUGH_MS if depth is THOROUGH else QUICK_MS))
        return page


class GroundTruthSink:
    """A sink that holds each tick against the truth."""

    def __init__(self, player: VideoPlayer) -> None:
        self._player = player
        self._lives: dict[str, NumberTrace] = {}
        self._nothing: list[tuple[float, str]] = []

    def take(self, tick: FrameEvent) -> None:
        frame, at_s = self._player.shots[tick.number], tick.number / FRAMES_PER_S
        for number in frame.numbers:
            trace = self._lives.setdefault(number.name, NumberTrace(number.name, number.text))
            trace.update(number, frame, self._player.pages.get(tick.number), at_s)
        for reading in tick.announced:
            nearest = max(frame.numbers, key=lambda number: reading.box.iou(number.box), default=None)
            if nearest is None or reading.box.iou(nearest.box) < MIN_SAME_PLACE_IOU:
                self._nothing.append((at_s, reading.text))
            else:
                self._lives[nearest.name].announced.append((at_s, reading.text))

    def close(self) -> None:
        """Nothing is held open."""

    def result(self) -> VideoResult:
        return VideoResult(tuple(self._lives.values()), tuple(self._nothing))


def _add_errors(page: Page, rng: np.random.Generator, share: float) -> Page:
    """A page some of whose digits are missed, others misread."""
    draws = rng.random(len(page.digits))
    digits = tuple(
        replace(digit, digit=(digit.digit + int(rng.integers(1, 10))) % 10) if draw < 2 * share else digit
        for digit, draw in zip(page.digits, draws, strict=True)
        if draw >= share
    )
    return replace(page, digits=digits, readings=group_lines(digits))


def evaluate_video(video: RenderedVideo, nets: Nets, slips: float = 0.0, slowness: float = 1.0) -> VideoResult:
    """Play a film to the agent's loop and judge what it announces."""
    player = VideoPlayer(video, nets, slips, slowness)
    sink = GroundTruthSink(player)
    watch = VideoWatch(player.read, FRAME_MS, live=True, clock_ns=player.clock_ns)
    loop(player.frames(), watch, [sink], stop=threading.Event(), clock_ns=player.clock_ns)
    return sink.result()


def main() -> int:
    """Judge films and print what went wrong, then the sums."""
    parser = argparse.ArgumentParser(description="Judge the announcements of films whose truth is known.")
    parser.add_argument("--seeds", type=int, default=20, help="how many films")
    parser.add_argument("--first", type=int, default=0, help="the first film's seed")
    parser.add_argument("--slips", type=float, default=0.0, help="share of digits to miss, and to misread, on purpose")
    parser.add_argument("--slowness", type=float, default=1.0, help="how much slower than usual the board is")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    nets = choose_nets(default_artifacts(), detect_board().profile)
    console = Console(highlight=False, soft_wrap=True)
    results = list[VideoResult]()
    for seed in range(options.first, options.first + options.seeds):
        results.append(result := evaluate_video(RenderedVideo(seed), nets, options.slips, options.slowness))
        console.print(f"film {seed}: {result.right} of {result.shown}")
        for trace in result.traces:
            if trace.error:
                console.print(f"    {trace.fault} ({trace.blame}): {trace}")
        for at_s, text in result.spurious:
            console.print(f"    nothing there: {text} at {at_s:.1f} s")
    shown, right = sum(v.shown for v in results), sum(v.right for v in results)
    errors = Counter(f"{trace.fault} ({trace.blame})" for v in results for trace in v.traces if trace.error)
    errors["announced where nothing stands"] = sum(len(v.spurious) for v in results)
    waits = [wait for v in results for wait in v.delays_s]
    console.print(", ".join(f"{count} {error}" for error, count in errors.items()))
    console.print(f"announced {np.median(waits):.1f} s after it was in view, p95 {np.quantile(waits, 0.95):.1f} s")
    return check_bounds(
        [Bound(f"% of {shown} numbers announced once and rightly", 100 * right / shown, at_least=98)], console
    )


if __name__ == "__main__":
    sys.exit(main())
