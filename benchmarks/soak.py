"""Whether the agent lasts: the whole live path, with a camera that fails at random, reloads, and a board that gets hot.

    python -m benchmarks.soak --frames 200000      # a quarter of an hour on a busy machine

Months of faults pass in minutes: time is played, and runs while nothing else can happen; threads, files, the database
and the nets are real. Resident memory must stay flat, nothing may be left over, and every reading is stored once.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from agent.capture.frame import Frame
from agent.capture.reconnect import ReconnectingSource
from agent.choice.choose import choose_nets
from agent.events import FrameEvent, RunInfo, Vitals
from agent.live.loop import Limits, loop
from agent.live.reload import Asked, NetsInUse, load_nets, reloads
from agent.live.throttle import Throttle, steps
from agent.live.watch import VideoWatch
from agent.paths import default_artifacts
from agent.telemetry.sink import LogSink
from benchmarks.bounds import Bound, tell
from benchmarks.desk import FRAME_S, Clock, Desk, Stop
from profiles.board import detect_board
from profiles.errors import SourceError

RELOADS, HOT_SPELLS = 20, 10
SAMPLES = 400
"""So often memory is looked at."""
WAITED_S = 0.25
"""What passes of the played time for each wait in vain for a camera that hangs."""
WARM_UP_FRAMES = 2000
HOT_C, COOL_C, LIMIT_C = 85.0, 50.0, 75.0
INFO = RunInfo("desk camera", "soak", "-", "-", "-", None)
Row = tuple[int | str, ...]
"""Of a reading: the frame, its text and its box."""


class Ledger:
    """What was announced, and what the process held meanwhile; it asks for reloads."""

    def __init__(self, frames: int, asked: Asked) -> None:
        self.readings = Counter[Row]()
        self.resident_bytes = list[int]()
        self._asked, self._frames = asked, frames

    def take(self, tick: FrameEvent) -> None:
        self.readings.update((tick.number, reading.text, *reading.box) for reading in tick.announced)
        done = tick.counts.frames
        if done % max(1, self._frames // SAMPLES) == 0:
            self.resident_bytes.append(resident_bytes())
        if done % max(1, self._frames // RELOADS) == 0:
            self._asked.put(True)

    def close(self) -> None:
        """Nothing is held open."""


def resident_bytes() -> int:
    """What this process holds in memory."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def held() -> tuple[int, int, int]:
    """Threads, open files and children of this process."""
    children = sum(len(task.read_text("ascii").split()) for task in Path("/proc/self/task").glob("*/children"))
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir())), children


def frames_of(lasting: ReconnectingSource, desk: Desk) -> Iterator[Frame | None]:
    """Time passes with frames, in pauses, and while the camera hangs; the machine may be as busy as it likes."""
    while True:
        frame = lasting.get(0.001)
        if frame is not None:
            desk.clock.spend(FRAME_S)
        elif desk.fault == "hangs":
            desk.clock.spend(WAITED_S)
        yield frame


@dataclass(frozen=True)
class Soaked:
    """What came of a run."""

    frames: int
    failure: SourceError | None
    ledger: Ledger
    faults: Counter[str]
    said: Counter[str]


def soak(frames: int, seed: int, folder: Path) -> Soaked:
    """Run the live path over so many frames."""
    profile, clock, said = detect_board().profile, Clock(), Counter[str]()
    desk, stop, asked = Desk(clock, seed), Stop(clock), Asked()
    nets = NetsInUse(choose_nets(default_artifacts(), profile))
    video = VideoWatch(nets.read, profile.budget.frame_ms, live=True)
    throttle = Throttle(LIMIT_C, steps(profile.budget.frame_ms), nets.spare, lambda _: said.update(["throttled"]))

    def reload() -> str:
        nets.take_over(load_nets(default_artifacts(), profile))
        video.look_anew()
        return "reloaded"

    def heat() -> Vitals:
        spell_s = frames * FRAME_S / HOT_SPELLS
        hot = clock() % spell_s > spell_s / 2
        return Vitals(clock.ns(), 3000.0, HOT_C if hot else COOL_C, ())

    def hear(text: str) -> None:
        said.update(["back" if " is back after " in text else "lost"])

    with ExitStack() as cleanup:
        lasting = cleanup.enter_context(
            closing(ReconnectingSource(desk.open(), desk.open, hear, clock=clock, sleep=clock.spend))
        )
        cleanup.enter_context(
            reloads(asked, reload, done=lambda _: said.update(["reloaded"]), refused=print, environ={})
        )
        ledger = Ledger(frames, asked)
        store = LogSink(folder / "agent.db", lambda: INFO, print)
        summary = loop(
            throttle.pace(frames_of(lasting, desk), heat, stop, clock),
            video,
            [ledger, store],
            stop=stop,
            limits=Limits(frames=frames),
            vitals=heat,
            clock_ns=clock.ns,
        )
        desk.mended.set()
    return Soaked(summary.counts.frames, summary.failure, ledger, desk.faults, said)


def stored(path: Path) -> Counter[Row]:
    """The readings of a log."""
    with closing(sqlite3.connect(path)) as connection:
        return Counter(connection.execute("SELECT frame, text, x, y, w, h FROM readings").fetchall())


def main() -> int:
    """Soak, and print what came of it."""
    parser = argparse.ArgumentParser(description="Run the live path for long, with all that may go wrong.")
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    console = Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        soak(WARM_UP_FRAMES, options.seed, Path(folder, "warm-up"))
        before, began_s = held(), time.monotonic()
        done = soak(options.frames, options.seed, Path(folder))
        after, took_s = held(), time.monotonic() - began_s
        kept = stored(Path(folder, "agent.db"))
    announced = done.ledger.readings
    wrong = (kept - announced) + (announced - kept)
    quarters = np.array_split(np.array(done.ledger.resident_bytes) / 1e6, 4)
    early_mb, late_mb = (float(np.median(quarter)) for quarter in (quarters[1], quarters[3]))
    console.print(
        f"{done.frames} frames in {took_s:.0f} s, with {tell_counts(done.faults)}; said: {tell_counts(done.said)}"
    )
    if done.failure is not None:
        console.print(str(done.failure), style="bold red")
    console.print(f"{announced.total()} readings announced, {kept.total()} stored")
    console.print(f"resident: {early_mb:.1f} MB in the second quarter of the frames, {late_mb:.1f} MB in the last")
    left = zip(("threads", "files", "children"), after, before, strict=True)
    return tell(
        [
            Bound("% of the frames read", 100 * done.frames / options.frames, at_least=100),
            Bound("readings not stored exactly once", wrong.total(), at_most=0),
            Bound("% more resident memory", 100 * (late_mb / early_mb - 1), at_most=3),
            *(Bound(f"{what} left over", now - then, at_most=0) for what, now, then in left),
        ],
        console,
    )


def tell_counts(counts: Counter[str]) -> str:
    """Counts in words."""
    return ", ".join(f"{count} {what}" for what, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
