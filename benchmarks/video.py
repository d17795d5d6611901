"""Whether each number in a rendered video is announced once and correctly.

    python -m benchmarks.video --seeds 20      # about four minutes

It runs the agent's loop on rendered videos with ground truth, as a live camera on a board with a given time per look:
frames that arrive during a look are dropped. Each error is attributed to the reading if most legible frames were
misread, else to the tracking. Exit code 1 if less than 98 % of the numbers are announced once and correctly, else 0.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from agent.capture.source import Frame
from agent.choice.choose import choose_nets
from agent.events import Event, FrameEvent
from agent.live.loop import loop
from agent.live.recall import Recall
from agent.live.watch import VideoWatch
from agent.paths import default_artifacts
from agent.vision.classify import Nets
from agent.vision.lines import group_lines
from agent.vision.page import Page
from agent.vision.pipeline import THOROUGH, Depth, read_page
from benchmarks.rendered_video import RenderedVideo, VideoFrame, VisibleNumber
from benchmarks.report import Bound, check_bounds, run_benchmark
from profiles.board import detect_board

FRAMES_PER_S = 30
"""Frame rate of the simulated camera."""
FRAME_MS = 100.0
"""Frame budget of the simulated board."""
QUICK_MS, THOROUGH_MS = 50.0, 150.0
"""Time that a quick and a thorough look take on the simulated board."""
MIN_SHOWN_S = 2.0
"""A number counts as shown if it was completely in view for this time without a break, and legible for half of it."""
MIN_SAME_PLACE_IOU = 0.1
"""Lowest IoU of an announced reading with the number it belongs to."""
MIN_READ_RIGHT_SHARE = 0.5
"""Share of the legible looks that read a number right, below which an error is attributed to the reading."""


@dataclass
class NumberTrace:
    """What happened to a number in a video."""

    name: str
    text: str
    first_s: float = math.inf
    """Time at which it was first completely in view."""
    shown: bool = False
    """Whether it was completely in view for `MIN_SHOWN_S`."""
    legible: int = 0
    """Number of looks at it in which it was complete and sharp."""
    read_right: int = 0
    """Number of these looks that read it right, before tracking."""
    announced: list[tuple[float, str]] = field(default_factory=list)
    """Time and text of each announcement."""
    _since_s: float = field(default=0.0, repr=False)
    _streak: list[bool] = field(default_factory=list, repr=False)

    def update(self, number: VisibleNumber, frame: VideoFrame, page: Page | None, at_s: float) -> None:
        """Add a frame that shows the number.

        Args:
            number: the number in the frame.
            frame: the frame and its ground truth.
            page: what was read from the frame; None if it was not read.
            at_s: time of the frame.
        """
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
        """Error in its announcements: "wrong", "twice" or "missed"; None if there is none."""
        if any(text != self.text for _, text in self.announced):
            return "wrong"
        if len(self.announced) > 1:
            return "twice"
        return "missed" if self.shown and not self.announced else None

    @property
    def cause(self) -> str:
        """Cause of an error: "reading" or "tracking"."""
        return "reading" if self.read_right < MIN_READ_RIGHT_SHARE * self.legible else "tracking"

    def __str__(self) -> str:
        announced = ", ".join(f"{text} at {at_s:.1f} s" for at_s, text in self.announced) or "nothing"
        looks = f"{self.read_right} of {self.legible} looks read it right"
        return f"{self.name} is {self.text}, announced {announced}; {looks}"


@dataclass(frozen=True)
class VideoResult:
    """Result of a video."""

    traces: tuple[NumberTrace, ...]
    spurious: tuple[tuple[float, str], ...]
    """Time in seconds and text of each announcement at a place without a number."""

    @property
    def shown(self) -> int:
        return sum(trace.shown for trace in self.traces)

    @property
    def right(self) -> int:
        """Number of the shown numbers that were announced once and correctly."""
        return sum(trace.shown and trace.error is None for trace in self.traces)

    @property
    def delays_s(self) -> list[float]:
        """Time from the first complete view of a number to its announcement, for each announced number."""
        return [
            trace.announced[0][0] - trace.first_s
            for trace in self.traces
            if trace.announced and trace.first_s is not None
        ]


class VideoPlayer:
    """Plays a video as a live camera, and reads it as a board of a given speed.

    Args:
        video: the video.
        nets: classifier and verifier.
        slips: share of the digits to remove as additional errors; the same share gets a wrong label.
        slowness: factor by which the time of each look is multiplied.
    """

    def __init__(self, video: RenderedVideo, nets: Nets, slips: float = 0.0, slowness: float = 1.0) -> None:
        self._video, self._recall, self._slips = video, Recall(nets), slips
        self._slowness = slowness
        self._now_ns = 0
        self.frames_shown: dict[int, VideoFrame] = {}
        self.pages: dict[int, Page] = {}
        """What was read from each frame, before tracking."""

    def clock_ns(self) -> int:
        return self._now_ns

    def frames(self) -> Iterator[Frame]:
        number = -1
        while (number := max(number + 1, self._now_ns * FRAMES_PER_S // 10**9)) < self._video.duration_s * FRAMES_PER_S:
            captured_ns = number * 10**9 // FRAMES_PER_S
            self._now_ns = max(self._now_ns, captured_ns)
            self._number, self.frames_shown[number] = number, self._video.frame_at(number / FRAMES_PER_S)
            yield Frame(self.frames_shown[number].image, captured_ns, number, "video")

    def read(self, image: NDArray[np.uint8], *, depth: Depth) -> Page:
        page = read_page(image, self._recall.nets(depth), depth)
        if self._slips:
            page = _add_errors(page, np.random.default_rng((self._number, 7)), self._slips)
        self.pages[self._number] = page
        self._now_ns += int(1e6 * self._slowness * (THOROUGH_MS if depth is THOROUGH else QUICK_MS))
        return page


class GroundTruthSink:
    """A sink that compares each frame event with the ground truth."""

    def __init__(self, player: VideoPlayer) -> None:
        self._player = player
        self._traces: dict[str, NumberTrace] = {}
        self._spurious: list[tuple[float, str]] = []

    def take(self, event: Event) -> None:
        if not isinstance(event, FrameEvent):
            return
        frame, at_s = self._player.frames_shown[event.number], event.number / FRAMES_PER_S
        for number in frame.numbers:
            trace = self._traces.setdefault(number.name, NumberTrace(number.name, number.text))
            trace.update(number, frame, self._player.pages.get(event.number), at_s)
        for reading in event.announced:
            nearest = max(frame.numbers, key=lambda number: reading.box.iou(number.box), default=None)
            if nearest is None or reading.box.iou(nearest.box) < MIN_SAME_PLACE_IOU:
                self._spurious.append((at_s, reading.text))
            else:
                self._traces[nearest.name].announced.append((at_s, reading.text))

    def close(self) -> None:
        """Nothing is held open."""

    def result(self) -> VideoResult:
        return VideoResult(tuple(self._traces.values()), tuple(self._spurious))


def _add_errors(page: Page, rng: np.random.Generator, share: float) -> Page:
    """Return a page without a share of its digits, and with wrong labels on an equal share."""
    draws = rng.random(len(page.digits))
    digits = tuple(
        replace(digit, digit=(digit.digit + int(rng.integers(1, 10))) % 10) if draw < 2 * share else digit
        for digit, draw in zip(page.digits, draws, strict=True)
        if draw >= share
    )
    return replace(page, digits=digits, readings=group_lines(digits))


def evaluate_video(video: RenderedVideo, nets: Nets, slips: float = 0.0, slowness: float = 1.0) -> VideoResult:
    """Play a video to the agent's loop and compare the announcements with the ground truth.

    Args:
        video: the video.
        nets: classifier and verifier.
        slips: share of the digits to remove as additional errors; the same share gets a wrong label.
        slowness: factor by which the time of each look is multiplied.
    """
    player = VideoPlayer(video, nets, slips, slowness)
    sink = GroundTruthSink(player)
    watch = VideoWatch(player.read, FRAME_MS, clock_ns=player.clock_ns)
    loop(player.frames(), watch, [sink], stop=threading.Event(), clock_ns=player.clock_ns)
    return sink.result()


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Number of videos.")] = 20,
    first: Annotated[int, typer.Option(min=0, help="Seed of the first video.")] = 0,
    slips: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.5,
            help="Share of the digits to remove as additional errors. The same share gets a wrong label.",
        ),
    ] = 0.0,
    slowness: Annotated[float, typer.Option(min=0, help="Factor by which the time of each look is multiplied.")] = 1.0,
) -> int:
    """Evaluate the announcements of rendered videos: print each error, then the totals."""
    cv2.setNumThreads(1)
    nets = choose_nets(default_artifacts(), detect_board().profile)
    console = Console(highlight=False, soft_wrap=True)
    results = list[VideoResult]()
    for seed in range(first, first + seeds):
        results.append(result := evaluate_video(RenderedVideo(seed), nets, slips, slowness))
        console.print(f"video {seed}: {result.right} of {result.shown}")
        for trace in result.traces:
            if trace.error:
                console.print(f"    {trace.error} ({trace.cause}): {trace}")
        for at_s, text in result.spurious:
            console.print(f"    no number there: {text} at {at_s:.1f} s")
    shown, right = sum(v.shown for v in results), sum(v.right for v in results)
    errors = Counter(f"{trace.error} ({trace.cause})" for v in results for trace in v.traces if trace.error)
    errors["announced where no number is"] = sum(len(v.spurious) for v in results)
    delays_s = [delay_s for v in results for delay_s in v.delays_s]
    console.print(", ".join(f"{count} {error}" for error, count in errors.items()))
    if delays_s:
        median_s, p95_s = np.median(delays_s), np.quantile(delays_s, 0.95)
        console.print(f"announced {median_s:.1f} s after the first complete view, p95 {p95_s:.1f} s")
    what = f"% of {shown} numbers announced once and correctly"
    return check_bounds([Bound(what, 100 * right / max(1, shown), at_least=98)], console)


if __name__ == "__main__":
    run_benchmark(main, "video")
