"""Start to first reading, the choice remembered: `python -m benchmarks.start`, exit code 1 where a bound is missed.

`digit-agent run --source PICTURE --json` is started again and again; its first line is the first reading. The bound is
on the processor's time of the whole process, which no other program disturbs; on an idle machine the wall's is shorter.
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
from benchmarks.report import Bound, check_bounds

ROUNDS = 7
PEAK_KB = "lambda: next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]"
RUN_SCRIPT = f"""
import atexit, sys
peak = {PEAK_KB}
atexit.register(lambda: sys.stderr.write(f"peak {{peak()}}"))
from agent.cli import main
main()
"""
"""The command, which says at its end how much memory it ever had; a parent cannot know, see getrusage(2)."""
STEPS_SCRIPT = f"""
import json, sys, time
peak, told = {PEAK_KB}, []
def mark(what):
    told.append((what, time.process_time() * 1000, int(peak()) / 1000))
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
print(json.dumps(told))
"""


@dataclass(frozen=True)
class TimedStart:
    """One start."""

    first_line_s: float
    """On the wall's clock."""
    cpu_s: float
    """Of all threads, to the process's end."""
    peak_mb: float
    """The most that was ever resident."""


def main() -> int:
    """Measure, print, and say whether every bound is kept."""
    console = Console()
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "frame.png"
        cv2.imwrite(str(picture), draw_frame().image)
        time_start(picture)  # the first may have to choose
        starts = [time_start(picture) for _ in range(ROUNDS)]
        console.print(steps_table(picture))
    cpu_s = statistics.median(s.cpu_s for s in starts)
    first_s = sorted(s.first_line_s for s in starts)
    console.print(f"first reading after {first_s[0]:.2f} to {first_s[-1]:.2f} s on the wall's clock, {ROUNDS} starts")
    bounds = (
        Bound("s of the processor from nothing to the first reading", cpu_s, at_most=1.0),
        Bound("MB resident at the most", max(s.peak_mb for s in starts), at_most=150.0),
    )
    return check_bounds(bounds, console)


def time_start(picture: Path) -> TimedStart:
    """Start the agent, wait for its first line, and let it end."""
    command = [sys.executable, "-c", RUN_SCRIPT, "run", "--source", str(picture), "--json", "--no-log"]
    before, began = os.times(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        first_line_s = time.perf_counter() - began
        _, said = process.communicate()
    after = os.times()
    if not line or process.returncode:
        raise RuntimeError(f"the agent read nothing: {said}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return TimedStart(first_line_s, cpu_s, int(said.rpartition("peak ")[2]) / 1000)


def steps_table(picture: Path) -> Table:
    """Where time and memory go, in one process that does the same step by step."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS_SCRIPT, str(picture)], capture_output=True, text=True, check=True
    )
    table = Table(box=SIMPLE_HEAD)
    table.add_column("what")
    for heading in ("ms of the processor", "MB"):
        table.add_column(heading, justify="right")
    before_ms = before_mb = 0.0
    for what, at_ms, at_mb in msgspec.json.decode(done.stdout, type=list[tuple[str, float, float]]):
        table.add_row(what, f"{at_ms - before_ms:.0f}", f"{at_mb - before_mb:.1f}")
        before_ms, before_mb = at_ms, at_mb
    table.add_row("together", f"{before_ms:.0f}", f"{before_mb:.1f}", style="bold")
    return table


if __name__ == "__main__":
    sys.exit(main())
