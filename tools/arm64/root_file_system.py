"""A board's own world: a root that is Debian's but for what tells the board, and a Python that runs in it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.arm64.boards import Board
from tools.arm64.sysroot import PROJECT, PYTHON, World, install_arm64, run_tool

SHARED = ("bin", "lib", "sbin", "usr")
EMPTY = ("sys/bus/i2c/devices", "sys/class/hwmon", "sys/class/powercap", "sys/class/thermal", "sys/class/video4linux")
"""Folders of which qemu would show this machine's own, were they not there."""


@dataclass(frozen=True)
class Planted:
    """A board that can be used."""

    root: Path
    """What is / for it."""
    bin: Path
    """Its `python`, its `digit-agent` and, on a Pi, its `vcgencmd`: scripts that this machine can run."""

    def environ(self, home: Path) -> dict[str, str]:
        """The environment of a user of the board, whose own files lie in `home`."""
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}


def plant(board: Board, world: World, wheel: Path, folder: Path, qemu_options: Sequence[str] = ()) -> Planted:
    """Write a board's world, with the agent that a wheel holds installed in it.

    Args:
        board: what it is.
        world: what it shares with the others.
        wheel: of the agent.
        folder: where it is written; not there yet.
        qemu_options: such as a plugin's.
    """
    root, venv = folder / "root", folder / "venv"
    show(board, root)
    for name in SHARED:
        (root / name).symlink_to(world.root / name)
    packages = venv / f"lib/python{PYTHON}/site-packages"
    install_arm64([str(wheel)], packages, "--no-deps")
    _write(packages, {"shared.pth": str(world.packages)})
    _write(venv, {"pyvenv.cfg": f"home = /usr/bin\nversion = {PYTHON}"})
    emulate = (world.emulator, "-cpu", board.core.qemu, "-L", str(root), *qemu_options)
    programs = venv / "bin"
    # Python takes the name by which it was started, and so this script, for sys.executable.
    start = f'#!/bin/sh\nexec {shlex.join(emulate)} -0 "$0" {root}/usr/bin/python{PYTHON} "$@"'
    agent = (packages / "bin/digit-agent").read_text().partition("\n")[2]
    _program(programs / "python", start)
    _program(programs / "digit-agent", f"#!{programs / 'python'}\n{agent}")
    if board.vcgencmd:
        answers = (f"{name}) echo {shlex.quote(answer)};;" for name, answer in board.vcgencmd.items())
        _program(programs / "vcgencmd", "\n".join(["#!/bin/sh", 'case "$1" in', *answers, "esac"]))
    return Planted(root, programs)


def show(board: Board, root: Path) -> None:
    """Write what a board's kernel and firmware show of it: /proc, /sys, /etc and /dev."""
    _write(root, {**board.files, **_told(board)})
    for name in EMPTY:
        (root / name).mkdir(parents=True, exist_ok=True)


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this very checkout.

    Raises:
        MissingTool: pip cannot build it.
    """
    run_tool([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(PROJECT)])
    return next(folder.glob("digit_agent-*.whl"))


def _told(board: Board) -> dict[str, str]:
    """The files that tell a board."""
    cores = f"0-{board.cores - 1}"
    return {
        "proc/device-tree/model": f"{board.model}\0",
        "proc/device-tree/compatible": "\0".join((*board.compatible, "")),
        "proc/cpuinfo": board.cpuinfo(),
        **{f"sys/devices/system/cpu/{name}": cores for name in ("online", "possible", "present")},
    }


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.endswith("\0") else f"{text}\n")


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")
    path.chmod(0o755)
