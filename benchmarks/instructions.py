"""Instructions per digit and per frame on the boards' cores, counted under qemu: `python -m benchmarks.instructions`.

A desktop counts the instructions of a board to 0.1 per mille; it cannot measure their time, because qemu models no
caches and no pipeline. All is counted twice to show that the count is repeatable, and compared with
`instructions.json`. `--save` writes that file and the table in docs/measured.md. It takes several minutes; the first
run downloads an arm64 userland into DIGIT_BOARD_CACHE. Exit code 1 if the two runs differ by more than 0.1 %, a count
grew by more than 5 %, or a tool is missing; else 0.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from benchmarks.note_images import draw_video
from benchmarks.report import MEASURED, Bound, check_bounds, replace_table, run_benchmark
from tools.arm64.root_file_system import build_wheel
from tools.arm64.sysroot import MissingToolError, board_cache, make_sysroot
from tools.insn.count import count_work
from tools.insn.work import BATCHES, FRAME, TIMES, VIDEO, VIDEO_FRAMES

InstructionCounts = Mapping[str, Mapping[str, int]]
"""Number of instructions by core, then by the name of the work."""

BASELINE = Path(__file__).with_suffix(".json")
"""File with the counts of an earlier version, to compare with."""
CORES = {"cortex-a72": "pi-4b", "cortex-a76": "pi-5"}
"""For each core the board that it is emulated on."""
RUNS = 2
"""Number of runs, to show that the counts are repeatable."""
MAX_GROWTH_PERCENT = 5.0
"""Largest growth of a count over the baseline."""
MAX_DIFFERENCE_PERCENT = 0.1
"""Largest difference of a count between two runs."""


def main(
    save: Annotated[
        bool, typer.Option("--save", help="Save the counts as the new baseline and in docs/measured.md.")
    ] = False,
) -> int:
    """Count the instructions of reading on two cores, and check them against the baseline."""
    try:
        runs = count_instructions(board_cache())
    except MissingToolError as error:
        sys.stderr.write(f"instructions: {error}\n")
        return 1
    counts = runs[0]
    lines = list(table(counts))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if save:
        BASELINE.write_bytes(msgspec.json.format(msgspec.json.encode(counts), indent=1) + b"\n")
        replace_table("instructions", lines, MEASURED)
    before = msgspec.json.decode(BASELINE.read_bytes(), type=dict[str, dict[str, int]])
    return check_bounds(bounds(runs, before), Console())


def count_instructions(cache: Path) -> list[InstructionCounts]:
    """Count all work on all cores, `RUNS` times.

    Args:
        cache: folder of the arm64 userland.

    Raises:
        MissingToolError: a tool is not installed.
    """
    sysroot, video = make_sysroot(cache), draw_video(VIDEO_FRAMES * TIMES)
    with tempfile.TemporaryDirectory() as built, ThreadPoolExecutor(os.cpu_count()) as pool:
        wheel = build_wheel(Path(built))
        folders = {core: cache / "counting" / core for core in CORES}
        runs: list[InstructionCounts] = []
        for _ in range(RUNS):
            shutil.rmtree(cache / "counting", ignore_errors=True)
            begun = {
                core: pool.submit(count_work, CORES[core], sysroot, wheel, video, folder)
                for core, folder in folders.items()
            }
            runs.append({core: counted.result() for core, counted in begun.items()})
    return runs


def table(counts: InstructionCounts) -> Iterator[str]:
    """Yield the lines of a Markdown table: millions of instructions per digit (alone, in a batch) and per frame.

    A frame is a single one, or one of a video: the mean of all its frames.
    """
    several = max(BATCHES)
    heads = (f"{core}: a digit | of {several} at once | a frame | of a video" for core in counts)
    yield "| file | " + " | ".join(heads) + " |"
    yield "|---|" + "---|---|---|---|" * len(counts)
    for file in dict.fromkeys(name.partition(" ")[0] for name in next(iter(counts.values()))):
        cells = (_cells(file, works, several) for works in counts.values())
        yield f"| `{file}` | " + " | ".join(cells) + " |"


def _cells(file: str, works: Mapping[str, int], several: int) -> str:
    frame, video = works.get(f"{file} {FRAME}"), works.get(f"{file} {VIDEO}")
    return " | ".join(
        (
            f"{works[f'{file} 1'] / 1e6:.2f} M",
            f"{works[f'{file} {several}'] / several / 1e6:.2f} M",
            "–" if frame is None else f"{frame / 1e6:.1f} M",
            "–" if video is None else f"{video / VIDEO_FRAMES / 1e6:.1f} M",
        )
    )


def bounds(runs: list[InstructionCounts], before: InstructionCounts) -> Iterator[Bound]:
    """Yield the bounds: the runs agree, and no count has grown much.

    Args:
        runs: counts of the same work; the first run is compared with the baseline.
        before: the baseline; work that it does not have counts as infinite growth.
    """
    first, *others = runs
    apart = (
        abs(other[core][name] / n - 1) for other in others for core, works in first.items() for name, n in works.items()
    )
    yield Bound("% largest difference between two runs", 100 * max(apart), at_most=MAX_DIFFERENCE_PERCENT)
    for core, works in first.items():
        kept = before.get(core, {})
        more = {name: n / kept[name] if name in kept else float("inf") for name, n in works.items()}
        worst = max(more, key=lambda name: more[name])
        yield Bound(
            f"% growth of '{worst}' on {core}, the largest of all",
            100 * (more[worst] - 1),
            at_most=MAX_GROWTH_PERCENT,
        )


if __name__ == "__main__":
    run_benchmark(main, "instructions")
