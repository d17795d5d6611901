"""How many instructions reading takes on the boards' cores: `python -m benchmarks.instructions`; 1 where too many.

Counted under qemu, so a desktop tells what a board does, to a fraction of a per mille; not how long it takes, for there
are no caches and no pipeline. Everything is counted twice to show that. It is held against `instructions.json`, which
`--save` writes anew. The first time, an arm64 userland is fetched into DIGIT_BOARD_CACHE.
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
from benchmarks.note import draw_frame
from tools.arm64.plant import build_wheel
from tools.arm64.world import MissingTool, make_world
from tools.insn.count import count_work

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
    parser.add_argument("--save", action="store_true", help="keep the counts as what later ones are held against")
    save = parser.parse_args().save
    try:
        runs = count(Path(os.environ.get("DIGIT_BOARD_CACHE") or Path.home() / ".cache/digit-agent-boards"))
    except MissingTool as error:
        sys.stderr.write(f"instructions: {error}\n")
        return 1
    counts = runs[0]
    sys.stdout.write("\n".join([*digits_table(counts), "", *frames_table(counts), ""]))
    if save:
        BASELINE.write_bytes(msgspec.json.format(msgspec.json.encode(counts), indent=1) + b"\n")
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


def digits_table(counts: Counts) -> Iterator[str]:
    """Millions of instructions a digit, of every artifact, one at a time and 16 at once, as Markdown."""
    yield "| file | " + " | ".join(f"{core}, 1 digit | 16 at once" for core in counts) + " |"
    yield "|---|" + "---|---|" * len(counts)
    files = (name.removesuffix(" 16") for name in next(iter(counts.values())) if name.endswith(" 16"))
    for file in files:
        each = (works[f"{file} {batch}"] / batch for works in counts.values() for batch in (1, 16))
        yield f"| `{file}` | " + " | ".join(f"{instructions / 1e6:.2f} M" for instructions in each) + " |"


def frames_table(counts: Counts) -> Iterator[str]:
    """Millions of instructions a frame, looked at quickly, by the nets that read it, as Markdown."""
    yield "| frame of 640×480, 20 digits, nets | " + " | ".join(counts) + " |"
    yield "|---|" + "---|" * len(counts)
    for name in (name for name in next(iter(counts.values())) if name.startswith("frame ")):
        each = (works[name] for works in counts.values())
        yield f"| {name.removeprefix('frame ')} | " + " | ".join(f"{n / 1e6:.1f} M" for n in each) + " |"


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
