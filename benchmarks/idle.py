"""What the agent saves when nothing moves: `python -m benchmarks.idle`, exit code 1 where it saves too little.

The same desk twice: in one film the camera moves over it, in the other it rests on the first frame, under fresh sensor
noise in each. Both are watched as a camera is, at 20 frames a second; what counts is the processor's time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.capture.demo import Demo
from agent.capture.frame import Frame
from agent.capture.uri import DemoSpec
from agent.choice.choose import choose_nets
from agent.live.watch import FRAMES_PER_S, VideoWatch
from agent.paths import default_artifacts
from agent.vision.pipeline import read_page
from benchmarks.report import Bound, check_bounds
from profiles.board import detect_board

SECONDS = 6
NOISE_LEVELS = 2.0
"""Standard deviation of the sensor's noise, in grey levels."""


@dataclass(frozen=True)
class CpuWork:
    """What watching a film took."""

    frames: int
    read: int
    """Frames that were read, and not found to show nothing new."""
    cpu_ms: float

    @property
    def ms_per_second(self) -> float:
        """Milliseconds of the processor for a second of film."""
        return self.cpu_ms / (self.frames / FRAMES_PER_S)


def main() -> int:
    """Measure, print, and say whether the bound is kept."""
    cv2.setNumThreads(1)
    profile = detect_board().profile
    read = partial(read_page, nets=choose_nets(default_artifacts(), profile))
    moving = demo_frames(round(SECONDS * FRAMES_PER_S))
    works = {
        "the camera moves": measure_work(VideoWatch(read, profile.budget.frame_ms, live=False), moving),
        "nothing moves": measure_work(VideoWatch(read, profile.budget.frame_ms, live=False), list(still(moving))),
    }
    table = Table(box=SIMPLE_HEAD)
    table.add_column("scene")
    for heading in ("frames", "of them read", "ms of the processor a second"):
        table.add_column(heading, justify="right")
    for name, work in works.items():
        table.add_row(name, str(work.frames), str(work.read), f"{work.ms_per_second:.0f}")
    console = Console()
    console.print(table)
    saved = works["the camera moves"].ms_per_second / works["nothing moves"].ms_per_second
    return check_bounds([Bound("times less work where nothing moves", saved, at_least=3.0)], console)


def demo_frames(count: int) -> list[Frame]:
    """The demo's first frames."""
    frames = []
    with Demo(DemoSpec(uri="demo:", frames=count)) as source:
        while (frame := source.read()) is not None:
            frames.append(frame)
    return frames


def still(moving: Sequence[Frame]) -> Iterator[Frame]:
    """As many frames, all of the first one, under noise of their own."""
    rng = np.random.default_rng(0)
    for frame in moving:
        noise = rng.normal(0, NOISE_LEVELS, frame.image.shape)
        image = np.clip(moving[0].image + noise, 0, 255).astype(np.uint8)
        yield replace(frame, image=image)


def measure_work(watching: VideoWatch, frames: Sequence[Frame]) -> CpuWork:
    """Watch a film; only that is timed."""
    began, read = time.process_time(), 0
    for frame in frames:
        read += not watching(frame).unchanged
    return CpuWork(len(frames), read, (time.process_time() - began) * 1000)


if __name__ == "__main__":
    sys.exit(main())
