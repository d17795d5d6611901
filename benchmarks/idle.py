"""CPU time that the agent saves when nothing moves: `python -m benchmarks.idle`, about ten seconds.

Two videos of the same page: in one the camera moves, in the other each frame is the first frame with new sensor noise.
The agent watches both as from a camera, at 20 frames a second, and the CPU time is measured. Exit code 1 if the still
video takes more than a third of the CPU time of the moving one, else 0.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.capture.demo import FRAMES_PER_S, DemoSource
from agent.capture.source import Frame
from agent.capture.uri import DemoSpec
from agent.choice.choose import choose_nets
from agent.live.reload import NetsInUse
from agent.live.watch import VideoWatch
from agent.paths import default_artifacts
from benchmarks.report import Bound, check_bounds, run_benchmark
from profiles.board import detect_board

SECONDS = 6
"""Length of each video."""
NOISE_LEVELS = 2.0
"""Standard deviation of the sensor noise, in grey levels 0..255."""


@dataclass(frozen=True)
class CpuWork:
    """CPU time for a video."""

    frames: int
    read: int
    """Frames that were read. The others were found to be unchanged."""
    cpu_ms: float

    @property
    def ms_per_second(self) -> float:
        """CPU time, in milliseconds, per second of video."""
        return self.cpu_ms / (self.frames / FRAMES_PER_S)


def main() -> int:
    """Measure the CPU time of a moving and of a still video, and check that the still one takes much less."""
    cv2.setNumThreads(1)
    profile = detect_board().profile
    nets = choose_nets(default_artifacts(), profile)
    moving = demo_frames(round(SECONDS * FRAMES_PER_S))
    works = {
        title: measure_work(VideoWatch(NetsInUse(nets).read, profile.budget.frame_ms), frames)
        for title, frames in (("the camera moves", moving), ("nothing moves", list(still(moving))))
    }
    table = Table(box=SIMPLE_HEAD)
    table.add_column("scene")
    for heading in ("frames", "of them read", "ms of CPU time per second"):
        table.add_column(heading, justify="right")
    for name, work in works.items():
        table.add_row(name, str(work.frames), str(work.read), f"{work.ms_per_second:.0f}")
    console = Console()
    console.print(table)
    saved = works["the camera moves"].ms_per_second / works["nothing moves"].ms_per_second
    return check_bounds([Bound("times less CPU time if nothing moves", saved, at_least=3.0)], console)


def demo_frames(count: int) -> list[Frame]:
    """Return the first frames of the demo."""
    frames = []
    with DemoSource(DemoSpec(uri="demo:", frames=count)) as source:
        while (frame := source.read()) is not None:
            frames.append(frame)
    return frames


def still(moving: Sequence[Frame]) -> Iterator[Frame]:
    """Yield the first frame once per given frame, each time with new noise."""
    rng = np.random.default_rng(0)
    for frame in moving:
        noise = rng.normal(0, NOISE_LEVELS, frame.image.shape)
        image = np.clip(moving[0].image + noise, 0, 255).astype(np.uint8)
        yield replace(frame, image=image)


def measure_work(watching: VideoWatch, frames: Sequence[Frame]) -> CpuWork:
    """Run a video through a watch and measure the CPU time."""
    began, read = time.process_time(), 0
    for frame in frames:
        read += not watching(frame).unchanged
    return CpuWork(len(frames), read, (time.process_time() - began) * 1000)


if __name__ == "__main__":
    run_benchmark(main, "idle")
