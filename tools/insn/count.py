"""Builds qemu's plugin, runs the work under it on a planted board, and reads what it counted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from tools.arm64.boards import BOARDS
from tools.arm64.root_file_system import plant
from tools.arm64.sysroot import MissingTool, World, run_tool
from tools.insn.work import TIMES

SOURCE = Path(__file__).with_name("insn.c")
WORK = Path(__file__).with_name("work.py")
STILL = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
"""So that two runs do the same; addresses are made the same by setarch."""


def count_work(board: str, world: World, wheel: Path, frame: NDArray[np.uint8], folder: Path) -> dict[str, int]:
    """Instructions of each piece of work, by its name in `work`, done once.

    Args:
        board: a name in `BOARDS`, whose core is taken.
        world: shared by the boards.
        wheel: of the agent.
        frame: what is read, BGR uint8 (480, 640, 3).
        folder: where the board is planted; not there yet. The same path gives the same counts.

    Raises:
        MissingTool: the plugin cannot be built, or this qemu takes none.
    """
    folder.mkdir(parents=True)
    plugin, counts, picture = folder / "insn.so", folder / "counts.txt", folder / "frame.npy"
    run_tool(["cc", "-O2", "-shared", "-fPIC", "-o", str(plugin), str(SOURCE)])
    np.save(picture, frame)
    planted = plant(BOARDS[board], world, wheel, folder / "board", ["-plugin", f"{plugin},out={counts}"])
    command = ("setarch", "-R", str(planted.bin / "python"), str(WORK), str(picture))
    environ = {**planted.environ(folder), **STILL}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingTool(f"{world.emulator} failed ({done.stderr.strip()[-200:]}); its static build takes no plugin")
    return least(msgspec.json.decode(done.stdout, type=list[str]), counts.read_text().splitlines(), TIMES)


def least(names: Iterable[str], lines: Iterable[str], times: int) -> dict[str, int]:
    """The least that each piece took of its times: the first ones warm up, in others Python tidies up.

    Args:
        names: of the pieces.
        lines: "mark instructions", for each piece one more than its times.
        times: how often each was done.
    """
    executed = np.array([int(line.split()[1]) for line in lines]).reshape(-1, times + 1)
    return dict(zip(names, np.diff(executed).min(axis=1).tolist(), strict=True))
