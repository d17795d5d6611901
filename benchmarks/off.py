"""Instructions that the loop of a run takes for a frame, with the web page off and on: `python -m benchmarks.off`.

The loop passes a picture to its net, and the result to its sinks, under qemu, whose plugin counts the instructions of
x86-64. `off` is counted as it is, and again with the packages of the page and of the outlets taken away. `page` has the
sink of the page, at which nobody looks; its server has a thread of its own, which is not counted. Exit code 1 if two of
the counts differ by more than 0.1 %, or a tool is missing; else 0. It takes some minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.console import Console

from agent.capture.source import Frame
from agent.events import RunInfo
from agent.live.dropped import DroppedCandidates
from agent.live.loop import loop
from agent.live.sinks import Sink
from agent.live.watch import watch_stills
from agent.paths import default_artifacts
from agent.runtimes.net import load_net
from agent.vision.page import Page
from agent.vision.pipeline import Depth, trace_page
from agent.vision.pixels import Pixels
from benchmarks.note_images import draw_frame
from benchmarks.report import Bound, check_bounds, run_benchmark
from profiles.manifest import load_manifest
from tools.arm64.sysroot import MissingToolError, run_tool
from tools.insn.count import REPRODUCIBLE_ENVIRON, SOURCE, min_counts
from tools.insn.work import MARKS, ReaderNets

GETPGID = 121
"""Number of the system call on x86-64 (asm/unistd_64.h)."""
PLAIN, ABSENT, PAGE = "off", "absent", "page"
VARIANTS = (PLAIN, ABSENT, PAGE)
FRAMES = 12
"""Frames of a count; the smallest count of a frame is taken."""
RUNS = 2
"""Runs of a variant, of which the smallest count is taken: in one of seven all frames took 2.4 % more."""
MAX_DIFFERENCE_PERCENT = 0.1


def main(
    variant: Annotated[str, typer.Option(help="Only pass the frames to a variant; used by the benchmark itself.")] = "",
) -> int:
    """Count the instructions of a frame with what is off and on."""
    if variant:
        return work(variant)
    try:
        counts = {name: min(count(name) for _ in range(RUNS)) for name in VARIANTS}
    except MissingToolError as error:
        sys.stderr.write(f"off: {error}\n")
        return 1
    console, plain = Console(), counts[PLAIN]
    for name, number in counts.items():
        console.print(f"{name}: {number:,} instructions a frame, {100 * (number / plain - 1):+.3f} %", highlight=False)
    bounds = [
        Bound(f"% between {PLAIN} and {name}", 100 * abs(number / plain - 1), at_most=MAX_DIFFERENCE_PERCENT)
        for name, number in counts.items()
    ]
    return check_bounds(bounds, console)


def count(variant: str) -> int:
    """Return the instructions of a frame.

    Raises:
        MissingToolError: qemu or a compiler is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        plugin, counts = Path(folder) / "insn.so", Path(folder) / "counts.txt"
        run_tool(["cc", "-O2", "-shared", "-fPIC", f"-DGETPGID={GETPGID}", "-o", str(plugin), str(SOURCE)])
        command = ["setarch", "-R", "qemu-x86_64", "-cpu", "max", "-plugin", f"{plugin},out={counts}"]
        command += [sys.executable, "-m", "benchmarks.off", "--variant", variant]
        done = subprocess.run(
            command, env={**os.environ, **REPRODUCIBLE_ENVIRON}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise MissingToolError(f"qemu failed ({done.stderr.strip()[-300:]})", advice="install qemu-user")
        return min_counts([variant], counts.read_text().splitlines(), FRAMES)[variant]


def work(variant: str) -> int:
    """Pass frames to the loop of a run, with a mark before each."""
    if variant == ABSENT:
        for name in ("agent.web", "agent.outlets"):
            sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails
    cv2.setNumThreads(1)
    manifest = load_manifest(default_artifacts())
    artifact = next(one for one in manifest.artifacts if one.role == "classifier" and one.format == "tflite")
    nets = ReaderNets(load_net(default_artifacts(), artifact, "ai-edge-litert"), None, None)
    sinks, dropped = list[Sink](), None
    if variant == PAGE:
        from agent.web.live_view import LiveView  # noqa: PLC0415

        dropped = DroppedCandidates(lambda: None)
        sinks.append(LiveView(lambda: RunInfo("", "", "", "", "", None), dropped.want))

    def read(image: Pixels, *, depth: Depth) -> Page:
        trace = trace_page(image, nets, depth)
        if dropped is not None:
            dropped.take(trace)
        return trace.page

    watch = watch_stills(read)
    if dropped is not None:
        watch = dropped.watch(watch)
    loop(frames(draw_frame().image), watch, sinks, stop=threading.Event())
    return 0


def frames(image: Pixels) -> Iterator[Frame]:
    """Give the same picture again and again, with a mark before each and after the last."""
    for number in range(FRAMES):
        set_mark()
        yield Frame(image, time.monotonic_ns(), number, "picture")
    set_mark()


def set_mark() -> None:
    """Let qemu's plugin write how many instructions were executed."""
    try:
        os.getpgid(MARKS)
    except ProcessLookupError:
        return  # always raised: no process has this number


if __name__ == "__main__":
    run_benchmark(main, "off")
