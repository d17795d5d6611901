"""Soak test of the live path: a camera that fails at random, reloads, and a board that gets hot.

    python -m benchmarks.soak --frames 200000      # a quarter of an hour on a busy machine

Time is simulated, so that months of faults pass in minutes; threads, files, the database and the nets are real. Exit
code 1 if the resident memory grows by more than 3 %, a thread, file or child process is left over, or a reading is not
stored exactly once; else 0.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.console import Console

from agent.capture.reconnect import ReconnectingSource
from agent.capture.source import Frame
from agent.choice.choose import choose_nets
from agent.events import Event, FrameEvent, RunInfo, Vitals
from agent.live.loop import Limits, loop
from agent.live.reload import NetsInUse, ReloadRequests, handle_reloads, load_nets
from agent.live.throttle import Throttle, steps
from agent.live.watch import VideoWatch
from agent.paths import default_artifacts
from agent.telemetry.sink import LogSink
from benchmarks.faulty_camera import FRAME_S, FaultInjector, SimulatedClock, SimulatedStop
from benchmarks.report import Bound, check_bounds, run_benchmark
from profiles.board import detect_board
from profiles.errors import SourceError

RELOADS, HEAT_CYCLES = 20, 10
"""Number of reloads and of periods of heat during a run."""
MEMORY_SAMPLES = 400
"""Number of memory samples during a run."""
EMPTY_WAIT_S = 0.25
"""Simulated time per unsuccessful wait for a frame while the camera hangs."""
WARM_UP_FRAMES = 2000
"""Frames of the run before the first measurement, so that caches and pools are filled."""
HOT_C, COOL_C, LIMIT_C = 85.0, 50.0, 75.0
"""Simulated temperatures of the hot and the cool board, and the limit above which the throttle acts."""
INFO = RunInfo("desk camera", "soak", "-", "-", "-", None)
ReadingRow = tuple[int | str, ...]
"""Frame number, text and box of a reading."""


class AnnouncementRecorder:
    """A sink that records the announced readings and the resident memory, and requests reloads."""

    def __init__(self, frames: int, asked: ReloadRequests) -> None:
        self.readings = Counter[ReadingRow]()
        self.resident_bytes = list[int]()
        self._asked, self._frames = asked, frames

    def take(self, event: Event) -> None:
        if not isinstance(event, FrameEvent):
            return
        self.readings.update((event.number, reading.text, *reading.box) for reading in event.announced)
        done = event.counts.frames
        if done % max(1, self._frames // MEMORY_SAMPLES) == 0:
            self.resident_bytes.append(resident_bytes())
        if done % max(1, self._frames // RELOADS) == 0:
            self._asked.put(True)

    def close(self) -> None:
        """Nothing is held open."""


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def held_resources() -> tuple[int, int, int]:
    """Return the numbers of threads, open files and children of this process."""
    children = sum(len(task.read_text("ascii").split()) for task in Path("/proc/self/task").glob("*/children"))
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir())), children


def timed_frames(reconnecting: ReconnectingSource, injector: FaultInjector) -> Iterator[Frame | None]:
    """Yield frames, or None if there is no new one, and advance the simulated clock.

    The clock advances with each frame, and with each wait while the camera hangs. So the speed of the machine does not
    matter.
    """
    while True:
        frame = reconnecting.get(0.001)
        if frame is not None:
            injector.clock.advance(FRAME_S)
        elif injector.fault == "hangs":
            injector.clock.advance(EMPTY_WAIT_S)
        yield frame


@dataclass(frozen=True)
class SoakResult:
    """Result of a run."""

    frames: int
    failure: SourceError | None
    recorder: AnnouncementRecorder
    faults: Counter[str]
    messages: Counter[str]


def soak(frames: int, seed: int, folder: Path) -> SoakResult:
    """Run the live path.

    Args:
        frames: number of frames.
        seed: seed of the faults.
        folder: existing folder for the log.
    """
    profile, clock, messages = detect_board().profile, SimulatedClock(), Counter[str]()
    injector, stop, asked = FaultInjector(clock, seed), SimulatedStop(clock), ReloadRequests()
    nets = NetsInUse(choose_nets(default_artifacts(), profile))
    video = VideoWatch(nets.read, profile.budget.frame_ms)
    throttle = Throttle(
        LIMIT_C, steps(profile.budget.frame_ms), nets.set_power_saving, lambda _: messages.update(["throttled"])
    )

    def reload() -> str:
        nets.switch_to(load_nets(default_artifacts(), profile))
        video.force_look()
        return "reloaded"

    def simulated_vitals() -> Vitals:
        spell_s = frames * FRAME_S / HEAT_CYCLES
        hot = clock() % spell_s > spell_s / 2
        return Vitals(clock.ns(), 3000.0, HOT_C if hot else COOL_C, ())

    def count_message(text: str) -> None:
        messages.update(["back" if " is back after " in text else "lost"])

    with ExitStack() as cleanup:
        reconnecting = cleanup.enter_context(
            closing(ReconnectingSource(injector.open(), injector.open, count_message, clock=clock, sleep=clock.advance))
        )
        cleanup.enter_context(
            handle_reloads(asked, reload, done=lambda _: messages.update(["reloaded"]), refused=print, environ={})
        )
        recorder = AnnouncementRecorder(frames, asked)
        store = LogSink(folder / "agent.db", lambda: INFO, print)
        summary = loop(
            throttle.pace(timed_frames(reconnecting, injector), simulated_vitals, stop, clock),
            video,
            [recorder, store],
            stop=stop,
            limits=Limits(frames=frames),
            vitals=simulated_vitals,
            clock_ns=clock.ns,
        )
        injector.repaired.set()
    return SoakResult(summary.counts.frames, summary.failure, recorder, injector.faults, messages)


def stored_readings(path: Path) -> Counter[ReadingRow]:
    """Return the readings in a log."""
    with closing(sqlite3.connect(path)) as connection:
        return Counter(connection.execute("SELECT frame, text, x, y, w, h FROM readings").fetchall())


def main(
    frames: Annotated[int, typer.Option(min=MEMORY_SAMPLES, help="Number of frames.")] = 200_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the faults.")] = 1,
) -> int:
    """Run the live path for a long time, with faults, reloads and heat. Check for leaks and lost readings."""
    cv2.setNumThreads(1)
    console = Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        soak(WARM_UP_FRAMES, seed, Path(folder, "warm-up"))
        before, began_s = held_resources(), time.monotonic()
        result = soak(frames, seed, Path(folder))
        after, took_s = held_resources(), time.monotonic() - began_s
        kept = stored_readings(Path(folder, "agent.db"))
    announced = result.recorder.readings
    wrong = (kept - announced) + (announced - kept)
    quarters = np.array_split(np.array(result.recorder.resident_bytes) / 1e6, 4)
    early_mb, late_mb = (float(np.median(quarter)) for quarter in (quarters[1], quarters[3]))
    console.print(f"{result.frames} frames in {took_s:.0f} s, faults: {format_counts(result.faults)}")
    console.print(f"messages: {format_counts(result.messages)}")
    if result.failure is not None:
        console.print(str(result.failure), style="bold red")
    console.print(f"{announced.total()} readings announced, {kept.total()} stored")
    console.print(f"resident memory: {early_mb:.1f} MB in the second quarter of the run, {late_mb:.1f} MB in the last")
    left = zip(("threads", "files", "children"), after, before, strict=True)
    return check_bounds(
        [
            Bound("% of the frames read", 100 * result.frames / frames, at_least=100),
            Bound("readings not stored exactly once", wrong.total(), at_most=0),
            Bound("% more resident memory", 100 * (late_mb / early_mb - 1), at_most=3),
            *(Bound(f"{what} left over", now - then, at_most=0) for what, now, then in left),
        ],
        console,
    )


def format_counts(counts: Counter[str]) -> str:
    """Return counts as text, the largest first."""
    return ", ".join(f"{count} {what}" for what, count in counts.most_common())


if __name__ == "__main__":
    run_benchmark(main, "soak")
