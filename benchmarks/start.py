"""Time and memory from the start to the first reading, with a remembered choice: `python -m benchmarks.start`.

`digit-agent run --source PICTURE --json` is started eight times, in about ten seconds in all. Its first line is the
first reading. The bound is on the CPU time of the whole process, because other programs do not change it; on an idle
machine the wall time is shorter. Exit code 1 if a bound is missed, else 0.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.note_images import draw_frame
from benchmarks.report import Bound, check_bounds, run_benchmark
from profiles.errors import SourceError

ROUNDS = 7
"""Number of timed starts, after one that is not timed."""
PEAK_KB = "lambda: next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]"
"""Source code of a function that returns the peak resident memory of its process, in kB."""
RUN_SCRIPT = f"""
import atexit, sys
peak = {PEAK_KB}
atexit.register(lambda: sys.stderr.write(f"peak {{peak()}}"))
from agent.cli import main
main()
"""
"""The command. It prints its peak memory when it ends: for its parent, getrusage(2) gives the peak of all children."""
STEPS_SCRIPT = f"""
import json, sys, time
peak, steps = {PEAK_KB}, []
def mark(what):
    steps.append((what, time.process_time() * 1000, int(peak()) / 1000))
mark("Python itself")
from agent.cli import app; mark("command line: typer, rich")
import numpy; mark("numpy")
import cv2; mark("OpenCV")
import agent.run, agent.views.summary; mark("the agent's own modules")
from agent.choice.choose import choose_nets
from agent.paths import default_artifacts
from profiles.board import detect_board
nets = choose_nets(default_artifacts(), detect_board().profile); mark("board, remembered choice, runtime, nets")
from agent.vision.pipeline import THOROUGH, read_page
image = cv2.imread(sys.argv[1]); read_page(image, nets, THOROUGH); mark("reading the picture thoroughly")
print(json.dumps(steps))
"""
"""The same work step by step: prints the CPU time and the peak memory after each step as JSON."""


@dataclass(frozen=True)
class TimedStart:
    """Time and memory of one start."""

    first_line_s: float
    """Wall time until the first line."""
    cpu_s: float
    """CPU time of all threads until the process ends."""
    peak_mb: float
    """Peak of the resident memory."""


def main() -> int:
    """Start the agent several times, and check its CPU time and its memory."""
    console = Console()
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "frame.png"
        cv2.imwrite(str(picture), draw_frame().image)
        time_start(picture)  # the first start may have to choose
        starts = [time_start(picture) for _ in range(ROUNDS)]
        console.print(steps_table(picture))
    cpu_s = statistics.median(s.cpu_s for s in starts)
    first_s = sorted(s.first_line_s for s in starts)
    console.print(f"first reading after {first_s[0]:.2f} to {first_s[-1]:.2f} s of wall time, {ROUNDS} starts")
    bounds = (
        Bound("s of CPU time from the start to the first reading", cpu_s, at_most=1.0),
        Bound("MB peak of the resident memory", max(s.peak_mb for s in starts), at_most=150.0),
    )
    return check_bounds(bounds, console)


def time_start(picture: Path) -> TimedStart:
    """Start the agent on a picture, wait for its first line and its end, and measure both.

    Raises:
        SourceError: the agent read nothing.
    """
    command = [sys.executable, "-c", RUN_SCRIPT, "run", "--source", str(picture), "--json", "--no-log"]
    before, began = os.times(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        first_line_s = time.perf_counter() - began
        _, output = process.communicate()
    after = os.times()
    if not line or process.returncode:
        raise SourceError(f"the agent read nothing: {output.strip()}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return TimedStart(first_line_s, cpu_s, int(output.rpartition("peak ")[2]) / 1000)


def steps_table(picture: Path) -> Table:
    """Return a table of the CPU time and the memory of each step of the start, measured in one process."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS_SCRIPT, str(picture)], capture_output=True, text=True, check=True
    )
    table = Table(box=SIMPLE_HEAD)
    table.add_column("step")
    for heading in ("ms of CPU time", "MB"):
        table.add_column(heading, justify="right")
    before_ms = before_mb = 0.0
    for what, at_ms, at_mb in msgspec.json.decode(done.stdout, type=list[tuple[str, float, float]]):
        table.add_row(what, f"{at_ms - before_ms:.0f}", f"{at_mb - before_mb:.1f}")
        before_ms, before_mb = at_ms, at_mb
    table.add_row("total", f"{before_ms:.0f}", f"{before_mb:.1f}", style="bold")
    return table


if __name__ == "__main__":
    run_benchmark(main, "start")
