"""Variants that the agent chooses on seven boards emulated by qemu, and why: `python -m benchmarks.boards`.

Each board starts for the first time, with the wheel of this checkout. Which artifacts run, compute the right logits and
are accurate enough is the same as on the real board, except for its GPU. Which of them is the fastest is not: the time
under qemu is not the time on a board. `--save` writes the table into docs/measured.md. It takes several minutes; the
first run downloads an arm64 userland into DIGIT_BOARD_CACHE. Exit code 1 if a tool is missing, else 0.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from agent.choice.choice import Choice
from benchmarks.report import MEASURED, replace_table, run_benchmark
from profiles.manifest import Role
from tools.arm64.boards import BOARDS
from tools.arm64.root_file_system import build_wheel, create_root_file_system
from tools.arm64.sysroot import MissingToolError, Sysroot, board_cache, make_sysroot

CHOOSE = Path(__file__).parents[1] / "tools/arm64/choose.py"
CAPTION = """\
Variants that the agent chooses on seven boards emulated by qemu, each with its own core or the most similar one, its
device tree and its sensors (written by `python -m benchmarks.boards --save`). Which artifacts run, compute the right
logits and are accurate enough is as on the board. The fastest of them was timed under qemu, and **the time under qemu
is not the time on a board**: use `digit-agent bench` there. The Jetsons use PyPI's onnxruntime, without the GPU.
"""

Choices = Mapping[Role, Choice]


def main(
    save: Annotated[bool, typer.Option("--save", help="Write the table into docs/measured.md.")] = False,
) -> int:
    """Print the variants that the agent chooses on seven boards emulated by qemu, and why."""
    try:
        chosen = choose_everywhere(make_sysroot(board_cache()))
    except MissingToolError as error:
        sys.stderr.write(f"boards: {error}\n")
        return 1
    lines = list(table(chosen))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if save:
        replace_table("boards", [*CAPTION.splitlines(), "", *lines], MEASURED)
    return 0


def choose_everywhere(sysroot: Sysroot) -> dict[str, Choices]:
    """Return the choices on each board, by the name of the board.

    Raises:
        MissingToolError: the wheel cannot be built, or qemu cannot run it.
    """
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        wheel = build_wheel(Path(scratch))
        begun = {name: pool.submit(_choose, name, sysroot, wheel, Path(scratch) / name) for name in BOARDS}
        return {name: choices.result() for name, choices in begun.items()}


def _choose(name: str, sysroot: Sysroot, wheel: Path, folder: Path) -> Choices:
    """Start the agent on an emulated board, and return what it chooses for each role."""
    board = create_root_file_system(BOARDS[name], sysroot, wheel, folder)
    command = (str(board.bin / "python"), str(CHOOSE))
    done = subprocess.run(command, env=board.environ(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolError(f"nothing was chosen on {name} ({done.stderr.strip()[-1000:]})")
    return msgspec.json.decode(done.stdout, type=dict[Role, Choice])


def table(chosen: Mapping[str, Choices]) -> Iterator[str]:
    """Yield the lines of a Markdown table: for each board and role the chosen variant and the reason."""
    yield "| board, its core under qemu | role | chosen | because |"
    yield "|---|---|---|---|"
    for name, choices in chosen.items():
        board = BOARDS[name]
        title = f"{board.model}, {board.core.qemu}"
        for role, choice in choices.items():
            best, _, why = choice.reason.partition(": ")
            yield f"| {title} | {role} | {best} | {why} |"
            title = ""


if __name__ == "__main__":
    run_benchmark(main, "boards")
