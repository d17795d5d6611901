"""What the web page takes from a run: `python -m benchmarks.web`, about ten minutes; one core should be free.

A run reads the demo as fast as it can. Nobody looks, then one viewer takes the live picture, then twenty do, then
nobody looks again, then there is one more that reads nothing. Viewers have one core, the run has all. Frames a second,
processor time per frame and memory are compared, also with a run without a page. Exit code 1 if a bound is missed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.request import urlopen

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.web.server import THREAD_NICENESS
from benchmarks.report import Bound, check_bounds, run_benchmark

VIEWERS = 20
WARM_UP_S = 30
"""Time after the first reading that is not measured, in seconds."""
SETTLE_S = 5.0
"""Time between two phases that is not measured, in seconds."""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ViewerPhase:
    """What the run did in a time."""

    frames_per_s: float
    cpu_ms_per_frame: float
    page_ms_per_s: float
    """Processor time of the page's threads in a second, in milliseconds. Other programs hardly change it."""
    first_mb: float
    """Resident memory at the begin."""
    last_mb: float
    """Resident memory at the end."""
    pictures_per_s: float
    """Pictures that each viewer got."""


class Viewer:
    """Takes the live picture, or opens it and reads nothing."""

    def __init__(self, port: int, *, reads: bool) -> None:
        self.pictures = 0
        self._client = socket.create_connection(("127.0.0.1", port))
        self._client.sendall(b"GET /frame.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if reads:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while content := self._client.recv(65536):
                self.pictures += content.count(b"Content-Type: image/jpeg")
        except OSError:
            return

    def close(self) -> None:
        self._client.shutdown(socket.SHUT_RDWR)
        self._client.close()


def main(seconds: Annotated[float, typer.Option(help="Time of the twenty viewers.")] = 60.0) -> int:
    """Measure what viewers of the page take from a run; others get parts of the time that the twenty have."""
    with TemporaryDirectory() as folder:
        with started(Path(folder), page=True) as (process, port):
            # Viewers are other machines in real life: here they get one core, and the run may use all.
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
            time.sleep(WARM_UP_S)
            phases = {
                "nobody looks": measure(process.pid, port, seconds / 2),
                "one viewer": measure(process.pid, port, seconds / 4, viewers=1),
                f"{VIEWERS} viewers": measure(process.pid, port, seconds, viewers=VIEWERS),
                "nobody looks again": measure(process.pid, port, seconds / 2),
                f"{VIEWERS} viewers, and one that reads nothing": measure(
                    process.pid, port, seconds / 4, viewers=VIEWERS, stuck=1
                ),
            }
        with started(Path(folder)) as (process, _):
            time.sleep(WARM_UP_S + 5 * SETTLE_S + 2.5 * seconds)
            plain_mb = memory_mb(process.pid)
    console = Console()
    table = Table(box=SIMPLE_HEAD)
    table.add_column("phase")
    for heading in ("frames/s", "CPU ms/frame", "page CPU ms/s", "memory in MB", "pictures/s of each viewer"):
        table.add_column(heading, justify="right")
    for name, one in phases.items():
        figures = one.frames_per_s, one.cpu_ms_per_frame, one.page_ms_per_s, one.last_mb, one.pictures_per_s
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    console.print(table, f"memory of a run of the same time without the page: {plain_mb:.1f} MB")
    alone, one_viewer, watched, again, stuck = phases.values()
    reached = stuck.pictures_per_s / watched.pictures_per_s
    before = (alone.frames_per_s + again.frames_per_s) / 2
    return check_bounds(
        [
            Bound("of the frames a second with viewers", watched.frames_per_s / before, at_least=0.95),
            Bound("ms of a second of the processor by the page with viewers", watched.page_ms_per_s, at_most=50.0),
            Bound("times the memory of one viewer", watched.last_mb / one_viewer.last_mb, at_most=1.03),
            Bound("of the pictures reach each viewer beside one that reads nothing", reached, at_least=0.9),
            Bound("MB more with the page", again.last_mb - plain_mb, at_most=35.0),
        ],
        console,
    )


@contextmanager
def started(folder: Path, *, page: bool = False) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a run of the demo, and wait until it has read a frame; give the process and the port of its page."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = int(server.getsockname()[1])
    command = [sys.executable, "-c", "from agent.cli import main; main()", "run", "--source", "demo:?frames=10000000"]
    command += ["--no-dashboard", "--log", str(folder / f"{page}.db"), *(["--web", str(port)] if page else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        process.stdout.readline()  # the first reading
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield process, port
    finally:
        process.kill()
        process.wait()


def measure(pid: int, port: int, seconds: float, *, viewers: int = 0, stuck: int = 0) -> ViewerPhase:
    """Measure a phase with viewers."""
    with ExitStack() as cleanup:
        watching = [Viewer(port, reads=number < viewers) for number in range(viewers + stuck)]
        for viewer in watching:
            cleanup.callback(viewer.close)
        time.sleep(SETTLE_S)
        began_s, frames, cpu_s, page_s = time.monotonic(), frames_of(port), cpu_time_s(pid), page_time_s(pid)
        first_mb, pictures = memory_mb(pid), sum(viewer.pictures for viewer in watching)
        time.sleep(seconds)
        passed_s, more = time.monotonic() - began_s, frames_of(port) - frames
        shown = sum(viewer.pictures for viewer in watching) - pictures
        used_ms, page_ms = 1000 * (cpu_time_s(pid) - cpu_s), 1000 * (page_time_s(pid) - page_s)
        return ViewerPhase(
            more / passed_s,
            used_ms / max(more, 1),
            page_ms / passed_s,
            first_mb,
            memory_mb(pid),
            shown / passed_s / max(viewers, 1),
        )


def frames_of(port: int) -> int:
    """Return the number of frames that the run has finished."""
    with urlopen(f"http://127.0.0.1:{port}/api/v1/status", timeout=60) as answer:
        return int(json.load(answer)["live"]["frames"])


def cpu_time_s(pid: int) -> float:
    """Return the processor time of a process, in seconds (proc(5))."""
    return _times(Path(f"/proc/{pid}/stat"))[0]


def page_time_s(pid: int) -> float:
    """Return the processor time of the page's threads, in seconds; they are those that give way to the others."""
    tasks = (_times(task / "stat") for task in Path(f"/proc/{pid}/task").iterdir())
    return sum(used_s for used_s, niceness in tasks if niceness >= THREAD_NICENESS)


def _times(stat: Path) -> tuple[float, int]:
    """Return the processor time of a process or a thread, in seconds, and its niceness."""
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S, int(fields[16])


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    run_benchmark(main, "web")
