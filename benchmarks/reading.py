"""Time to read a frame and a still image on one thread: `python -m benchmarks.reading`, about half a minute.

A frame is processed in turn by the agent (a quick look with the nets chosen on this machine), by the steps of OpenCV's
digits_video sample, and by a bare threshold with connected components, the minimum that any reader needs. A
still image of 12 megapixels is read with a thorough look. Exit code 1 if a bound is missed, else 0.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.choice.choose import choose
from agent.paths import default_artifacts
from agent.runtimes.net import LoadedNet
from agent.vision.lines import Reading, group_lines
from agent.vision.pipeline import QUICK, THOROUGH, read_page
from benchmarks.note_images import NoteImage, draw_frame, draw_still
from benchmarks.opencv_sample import read_frame, train_opencv_sample
from benchmarks.report import Bound, check_bounds, run_benchmark
from profiles.board import detect_board
from profiles.errors import NoArtifactError
from profiles.manifest import Role, load_manifest

FRAME_ROUNDS = 300
STILL_ROUNDS = 5
"""Number of timed calls for the frame and for the still image."""


def main() -> int:
    """Measure the time to read a frame and a still image, and check both times against their limits.

    Some limits are relative to OpenCV's sample and to a bare threshold.
    """
    cv2.setNumThreads(1)
    nets, svm = load_single_thread_nets(default_artifacts()), train_opencv_sample()
    frame, still = draw_frame(), draw_still()
    agent = partial(read_page, frame.image, nets, QUICK)
    sample = partial(read_frame, frame.image, svm)
    threshold = partial(bare_threshold, frame.image)
    thorough = partial(read_page, still.image, nets, THOROUGH)
    agent_ms, sample_ms, threshold_ms = median_ms((agent, sample, threshold), FRAME_ROUNDS)
    (still_ms,) = median_ms((thorough,), STILL_ROUNDS)
    results = (
        ("frame 640×480", "digit-agent, quick", agent_ms, count_right(frame, agent().readings)),
        ("", "OpenCV's digits_video", sample_ms, count_right(frame, group_lines(sample()))),
        ("", "bare threshold", threshold_ms, "–"),
        ("still 4000×3000", "digit-agent, thorough", still_ms, count_right(still, thorough().readings)),
    )
    bounds = (
        Bound("times the time of a quick look is the time of OpenCV's sample", sample_ms / agent_ms, at_least=5.0),
        Bound("times the time of a bare threshold is the time of a quick look", agent_ms / threshold_ms, at_most=4.0),
        Bound("s for the still image", still_ms / 1000, at_most=1.0),
    )
    console = Console()
    console.print(as_table(results))
    return check_bounds(bounds, console)


@dataclass(frozen=True)
class SingleThreadNets:
    """The nets chosen on this machine among the variants with one thread."""

    classifier: LoadedNet
    verifier: LoadedNet | None
    recogniser: LoadedNet | None = None


def load_single_thread_nets(folder: Path) -> SingleThreadNets:
    """Load the best net of each role in a folder of artifacts.

    Raises:
        NoArtifactError: a role has no variant with one thread that works here.
    """
    roles = {artifact.role for artifact in load_manifest(folder).artifacts}

    def load(role: Role) -> LoadedNet | None:
        return load_single_thread_net(folder, role) if role in roles else None

    return SingleThreadNets(load_single_thread_net(folder, "classifier"), load("verifier"), load("recogniser"))


def load_single_thread_net(folder: Path, role: Role) -> LoadedNet:
    """Load the best net of a role among the variants with one thread."""
    for measured in choose(folder, detect_board().profile, role).ranked:
        if measured.variant.threads == 1:
            return measured.variant.load(folder)
    raise NoArtifactError(
        f"no {role} in {folder} runs with one thread on this machine", advice="see 'digit-agent bench'"
    )


def median_ms(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median CPU time of each call, in milliseconds.

    The calls are made in turn, so that a change of the clock frequency affects all of them. CPU time of all threads is
    measured: other programs do not disturb it, and additional threads are counted.

    Args:
        calls: functions to time. Each one is called once before the measurement, to warm up.
        rounds: number of timed calls of each function.
    """
    took_ms: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(rounds):
        for call, times in zip(calls, took_ms, strict=True):
            start = time.process_time_ns()
            call()
            times.append((time.process_time_ns() - start) / 1e6)
    return [statistics.median(times) for times in took_ms]


def bare_threshold(image: NDArray[np.uint8]) -> int:
    """Return the number of connected components after an adaptive threshold of a frame, BGR uint8 (H, W, 3)."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    ink = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 10)
    return int(cv2.connectedComponentsWithStats(ink)[0])


def count_right(note: NoteImage, readings: Sequence[Reading]) -> str:
    """Return how many digits of a note were read in the right order, as text."""
    read = "".join(reading.text for reading in readings)
    agreed = SequenceMatcher(None, note.digits, read, autojunk=False).get_matching_blocks()
    return f"{sum(block.size for block in agreed)} of {len(note.digits)}"


def as_table(results: Sequence[tuple[str, str, float, str]]) -> Table:
    """Return a table of the results: image, reader, median CPU time in milliseconds, digits read right."""
    table = Table(title="one thread, median CPU time", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("image")
    table.add_column("read by")
    table.add_column("ms", justify="right")
    table.add_column("digits right", justify="right")
    for image, reader, took_ms, found in results:
        table.add_row(image, reader, f"{took_ms:.2f}", found)
    return table


if __name__ == "__main__":
    run_benchmark(main, "reading")
