"""What the agent chooses on seven boards that stand under qemu, and why: `python -m benchmarks.boards`.

Each starts for the first time, with the wheel of this checkout. Which artifacts run there, give the right logits and
are accurate enough is as on the board itself, up to its GPU; which of these is the fastest is qemu's to say, and
qemu's time is no board's. `--save` writes the table into docs/measured.md. The first time, an arm64 userland is fetched
into DIGIT_BOARD_CACHE.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from agent.choice.choice import Choice
from benchmarks.documents import MEASURED, put
from profiles.manifest import Role
from tools.arm64.boards import BOARDS
from tools.arm64.root_file_system import build_wheel, plant
from tools.arm64.sysroot import MissingTool, World, board_cache, make_world

CHOOSE = Path(__file__).parents[1] / "tools/arm64/choose.py"
CAPTION = """\
What the agent chooses on seven boards that stand under qemu, each with its own core or the next to it, its device tree
and its sensors (`python -m benchmarks.boards --save` wrote this). What runs, gives the right logits and is accurate
enough is the board's; which of these wins was timed, and **qemu's time is no board's**: on a board `digit-agent bench`
tells. Jetsons stand here with PyPI's onnxruntime, which has no GPU.
"""

Choices = Mapping[Role, Choice]


def main() -> int:
    """Let every board choose, print the table, and keep it where that is asked for."""
    parser = argparse.ArgumentParser(description="Tell what the agent chooses on seven boards under qemu.")
    parser.add_argument("--save", action="store_true", help="write the table into docs/measured.md")
    save = parser.parse_args().save
    try:
        chosen = choose_everywhere(make_world(board_cache()))
    except MissingTool as error:
        sys.stderr.write(f"boards: {error}\n")
        return 1
    lines = list(table(chosen))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if save:
        put("boards", [*CAPTION.splitlines(), "", *lines], MEASURED)
    return 0


def choose_everywhere(world: World) -> dict[str, Choices]:
    """What is chosen on each board, by its name.

    Raises:
        MissingTool: the wheel cannot be built, or this qemu cannot run it.
    """
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        wheel = build_wheel(Path(scratch))
        begun = {name: pool.submit(_choose, name, world, wheel, Path(scratch) / name) for name in BOARDS}
        return {name: choices.result() for name, choices in begun.items()}


def _choose(name: str, world: World, wheel: Path, folder: Path) -> Choices:
    board = plant(BOARDS[name], world, wheel, folder)
    command = (str(board.bin / "python"), str(CHOOSE))
    done = subprocess.run(command, env=board.environ(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingTool(f"nothing was chosen on {name} ({done.stderr.strip()[-1000:]})")
    return msgspec.json.decode(done.stdout, type=dict[Role, Choice])


def table(chosen: Mapping[str, Choices]) -> Iterator[str]:
    """Each board, what is best there in each role, and why, as Markdown."""
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
    sys.exit(main())
