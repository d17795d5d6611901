"""Build qemu's plugin, run the work with it on an emulated board, and read the counts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from tools.arm64.boards import BOARDS
from tools.arm64.root_file_system import create_root_file_system
from tools.arm64.sysroot import MissingToolError, Sysroot, run_tool
from tools.insn.work import TIMES

SOURCE = Path(__file__).with_name("insn.c")
WORK = Path(__file__).with_name("work.py")
REPRODUCIBLE_ENVIRON = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
"""Environment variables that make two runs execute the same instructions; `setarch -R` fixes the addresses."""


def count_work(board: str, sysroot: Sysroot, wheel: Path, video: NDArray[np.uint8], folder: Path) -> dict[str, int]:
    """Count the instructions of each piece of work in `work`, by its name.

    Args:
        board: name of a board in `BOARDS`; its core is emulated.
        sysroot: the parts that all boards share.
        wheel: wheel of the agent.
        video: frames to read, BGR uint8 (n, 480, 640, 3); n is `VIDEO_FRAMES * TIMES`.
        folder: folder for the board; it must not exist. The same path gives the same counts.

    Raises:
        MissingToolError: the plugin cannot be built, or this qemu supports no plugins.
    """
    folder.mkdir(parents=True)
    plugin, counts, pictures = folder / "insn.so", folder / "counts.txt", folder / "video.npy"
    run_tool(["cc", "-O2", "-shared", "-fPIC", "-o", str(plugin), str(SOURCE)])
    np.save(pictures, video)
    root = create_root_file_system(
        BOARDS[board], sysroot, wheel, folder / "board", ["-plugin", f"{plugin},out={counts}"]
    )
    command = ("setarch", "-R", str(root.bin / "python"), str(WORK), str(pictures))
    environ = {**root.environ(folder), **REPRODUCIBLE_ENVIRON}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolError(
            f"{sysroot.emulator} failed ({done.stderr.strip()[-200:]})",
            advice="install qemu-user, because the static build supports no plugins",
        )
    return min_counts(msgspec.json.decode(done.stdout, type=list[str]), counts.read_text().splitlines(), TIMES)


def min_counts(names: Iterable[str], lines: Iterable[str], times: int) -> dict[str, int]:
    """Return the smallest count of each piece of work.

    The first repetitions include initialisation, and others include Python's garbage collection.

    Args:
        names: names of the pieces.
        lines: lines "mark instructions"; each piece has one line more than repetitions.
        times: number of repetitions.
    """
    executed = np.array([int(line.split()[1]) for line in lines]).reshape(-1, times + 1)
    return dict(zip(names, np.diff(executed).min(axis=1).tolist(), strict=True))
