"""How many instructions reading takes on the boards' cores: `python -m benchmarks.instructions`; 1 where too many.

Counted under qemu, so a desktop tells what a board does, to a fraction of a per mille; not how long it takes, for there
are no caches and no pipeline. Everything is counted twice to show that. It is held against `instructions.json`, which
`--save` writes anew, and the table in docs/measured.md. The first time, an arm64 userland is fetched into
DIGIT_BOARD_CACHE.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.bounds import Bound, tell
from benchmarks.documents import MEASURED, put
from benchmarks.note import draw_frame
from tools.arm64.root_file_system import build_wheel
from tools.arm64.sysroot import MissingTool, board_cache, make_world
from tools.insn.count import count_work
from tools.insn.work import BATCHES, FRAME

Counts = Mapping[str, Mapping[str, int]]
"""By core, then by the name of the work."""

BASELINE = Path(__file__).with_suffix(".json")
CORES = {"cortex-a72": "pi-4b", "cortex-a76": "pi-5"}
RUNS = 2
MOST_MORE_PERCENT = 5.0
MOST_APART_PERCENT = 0.1


def main() -> int:
    """Count, print, and say whether it is repeatable and not much more than it was."""
    parser = argparse.ArgumentParser(description="Count the instructions that reading takes on a board's core.")
    parser.add_argument("--save", action="store_true", help="keep them for later ones, and in docs/measured.md")
    save = parser.parse_args().save
    try:
        runs = count(board_cache())
    except MissingTool as error:
        sys.stderr.write(f"instructions: {error}\n")
        return 1
    counts = runs[0]
    lines = list(table(counts))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if save:
        BASELINE.write_bytes(msgspec.json.format(msgspec.json.encode(counts), indent=1) + b"\n")
        put("instructions", lines, MEASURED)
    before = msgspec.json.decode(BASELINE.read_bytes(), type=dict[str, dict[str, int]])
    return tell(bounds(runs, before), Console())


def count(cache: Path) -> list[Counts]:
    """Count everything on every core, RUNS times.

    Raises:
        MissingTool: this desktop lacks something.
    """
    world, frame = make_world(cache), draw_frame().image
    with tempfile.TemporaryDirectory() as built, ThreadPoolExecutor(os.cpu_count()) as pool:
        wheel = build_wheel(Path(built))
        folders = {core: cache / "counting" / core for core in CORES}
        runs: list[Counts] = []
        for _ in range(RUNS):
            shutil.rmtree(cache / "counting", ignore_errors=True)
            begun = {
                core: pool.submit(count_work, CORES[core], world, wheel, frame, folder)
                for core, folder in folders.items()
            }
            runs.append({core: counted.result() for core, counted in begun.items()})
    return runs


def table(counts: Counts) -> Iterator[str]:
    """Millions of instructions a digit, one at a time and of several at once, and a frame, by file, as Markdown."""
    several = max(BATCHES)
    heads = (f"{core}: a digit | of {several} at once | a frame" for core in counts)
    yield "| file | " + " | ".join(heads) + " |"
    yield "|---|" + "---|---|---|" * len(counts)
    for file in dict.fromkeys(name.partition(" ")[0] for name in next(iter(counts.values()))):
        cells = (_cells(file, works, several) for works in counts.values())
        yield f"| `{file}` | " + " | ".join(cells) + " |"


def _cells(file: str, works: Mapping[str, int], several: int) -> str:
    frame = works.get(f"{file} {FRAME}")
    return " | ".join(
        (
            f"{works[f'{file} 1'] / 1e6:.2f} M",
            f"{works[f'{file} {several}'] / several / 1e6:.2f} M",
            "–" if frame is None else f"{frame / 1e6:.1f} M",
        )
    )


def bounds(runs: list[Counts], before: Counts) -> Iterator[Bound]:
    """That runs agree, and that no piece of work takes much more than before.

    Args:
        runs: of the same work; the first is judged.
        before: what was kept; work that it lacks is as good as without end.
    """
    first, *others = runs
    apart = (
        abs(other[core][name] / n - 1) for other in others for core, works in first.items() for name, n in works.items()
    )
    yield Bound("% is what two runs are apart at most", 100 * max(apart), at_most=MOST_APART_PERCENT)
    for core, works in first.items():
        kept = before.get(core, {})
        more = {name: n / kept[name] if name in kept else float("inf") for name, n in works.items()}
        worst = max(more, key=lambda name: more[name])
        yield Bound(
            f"% more than kept take '{worst}' on {core}, of all the most",
            100 * (more[worst] - 1),
            at_most=MOST_MORE_PERCENT,
        )


if __name__ == "__main__":
    sys.exit(main())
