"""Create a board's root file system: Debian with the files that identify the board, and programs that run in it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.arm64.boards import EmulatedBoard
from tools.arm64.sysroot import PROJECT, PYTHON, Sysroot, install_arm64, run_tool

SHARED_FOLDERS = ("bin", "lib", "sbin", "usr")
EMPTY_FOLDERS = (
    "sys/bus/i2c/devices",
    "sys/class/hwmon",
    "sys/class/powercap",
    "sys/class/thermal",
    "sys/class/video4linux",
)
"""Folders that a board may lack. They are created empty, because qemu would otherwise show the desktop's folders."""


@dataclass(frozen=True)
class RootFileSystem:
    """Root file system of a board, and the programs that run in it."""

    root: Path
    """Folder that programs of the board see as /."""
    bin: Path
    """Folder with `python`, `digit-agent` and, for a Pi, `vcgencmd`: scripts that run on the desktop."""

    def environ(self, home: Path) -> dict[str, str]:
        """Return the environment variables of a user of the board with this home folder."""
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}


def create_root_file_system(
    board: EmulatedBoard, sysroot: Sysroot, wheel: Path, folder: Path, qemu_options: Sequence[str] = ()
) -> RootFileSystem:
    """Create a board's root file system with the agent installed.

    Args:
        board: the board.
        sysroot: the parts that all boards share.
        wheel: wheel of the agent.
        folder: target folder; it must not exist.
        qemu_options: further options of qemu, such as a plugin.
    """
    root, venv = folder / "root", folder / "venv"
    write_board_files(board, root)
    for name in SHARED_FOLDERS:
        (root / name).symlink_to(sysroot.root / name)
    packages = venv / f"lib/python{PYTHON}/site-packages"
    install_arm64([str(wheel)], packages, "--no-deps")
    _write(packages, {"shared.pth": str(sysroot.packages)})
    _write(venv, {"pyvenv.cfg": f"home = /usr/bin\nversion = {PYTHON}"})
    emulate = (sysroot.emulator, "-cpu", board.core.qemu, "-L", str(root), *qemu_options)
    programs = venv / "bin"
    # -0 makes this script sys.executable.
    start = f'#!/bin/sh\nexec {shlex.join(emulate)} -0 "$0" {root}/usr/bin/python{PYTHON} "$@"'
    agent = (packages / "bin/digit-agent").read_text().partition("\n")[2]
    _write_program(programs / "python", start)
    _write_program(programs / "digit-agent", f"#!{programs / 'python'}\n{agent}")
    if board.vcgencmd:
        answers = (f"{name}) echo {shlex.quote(answer)};;" for name, answer in board.vcgencmd.items())
        _write_program(programs / "vcgencmd", "\n".join(["#!/bin/sh", 'case "$1" in', *answers, "esac"]))
    return RootFileSystem(root, programs)


def write_board_files(board: EmulatedBoard, root: Path) -> None:
    """Write the files of a board in /proc, /sys, /etc and /dev."""
    _write(root, {**board.files, **_identity_files(board)})
    for name in EMPTY_FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout.

    Raises:
        MissingToolError: pip cannot build it.
    """
    run_tool([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(PROJECT)])
    return next(folder.glob("digit_agent-*.whl"))


def _identity_files(board: EmulatedBoard) -> dict[str, str]:
    """Return the files that identify a board: device tree and processor."""
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


def _write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")
    path.chmod(0o755)
