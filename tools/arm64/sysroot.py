"""What all boards share: Debian's arm64 userland and the packages that the agent needs, made once and kept.

Debian's `qemu-user` (or `qemu-user-static`) and `mmdebstrap` are needed, and a connection the first time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

PROJECT = Path(__file__).parents[2]
CONSTRAINTS = Path(__file__).with_name("constraints.txt")
SUITE = "bookworm"
"""Debian 12, on which Raspberry Pi OS stood when the Pi 5 came."""
PYTHON = "3.11"
DEBIAN = f"python{PYTHON}-minimal,libpython{PYTHON}-stdlib,libgomp1,libstdc++6,ca-certificates"
PLATFORMS = tuple(f"manylinux{tag}_aarch64" for tag in ("2014", "_2_27", "_2_28", "_2_34", "_2_35", "_2_36"))
"""What a wheel may be made for; pip takes none of them to imply another. glibc is 2.36."""
EMULATORS = ("qemu-aarch64", "qemu-aarch64-static")
"""The first one takes plugins."""


class MissingTool(Exception):  # noqa: N818
    """Something that this desktop lacks; the message says what, and how to get it."""


@dataclass(frozen=True)
class World:
    """What all boards share."""

    emulator: str
    """The path of qemu."""
    root: Path
    """Debian's files."""
    packages: Path
    """What the agent needs, without the agent."""


def board_cache() -> Path:
    """The folder in which the shared parts are kept: DIGIT_BOARD_CACHE, or one in the user's cache."""
    return Path(os.environ.get("DIGIT_BOARD_CACHE") or Path.home() / ".cache/digit-agent-boards")


def make_world(folder: Path) -> World:
    """Make the shared parts, or find them again.

    Args:
        folder: where they are kept; about 400 MB.

    Raises:
        MissingTool: a tool is missing or cannot get what it needs.
    """
    emulator = next(filter(None, map(shutil.which, EMULATORS)), None)
    if emulator is None:
        raise MissingTool(f"no {EMULATORS[0]}; apt-get install --no-install-recommends qemu-user")
    needs = requirements()
    root = once(folder, "root", [SUITE, DEBIAN, "compiled"], lambda into: debian(DEBIAN, emulator, into))
    packages = once(
        folder, "packages", [PYTHON, *needs, CONSTRAINTS.read_text()], lambda into: install_arm64(needs, into)
    )
    return World(emulator, root, packages)


def requirements() -> list[str]:
    """What pip is asked for on a board: the base and onnxruntime."""
    project = msgspec.toml.decode((PROJECT / "pyproject.toml").read_bytes())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["onnx"]]


def install_arm64(needs: Sequence[str], into: Path, *options: str) -> None:
    """Install packages for the boards' Python into a folder, arm64 wheels where they are not pure Python.

    Raises:
        MissingTool: pip cannot get them.
    """
    platforms = [option for name in PLATFORMS for option in ("--platform", name)]
    target = ("--target", str(into), "--implementation", "cp", "--python-version", PYTHON, "--only-binary=:all:")
    command = ("-m", "pip", "install", "--quiet", "--no-warn-conflicts", "--constraint", str(CONSTRAINTS))
    run_tool([sys.executable, *command, *target, *platforms, *options, *needs])


def run_tool(command: Sequence[str]) -> None:
    """Run a tool that makes something.

    Raises:
        MissingTool: it is not installed, or it failed.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise MissingTool(f"no {command[0]}; apt-get install {command[0]}") from None
    if done.returncode:
        last = next(iter(done.stderr.strip().splitlines()[-1:]), "it said nothing")
        raise MissingTool(f"{command[0]} failed ({last}); see whether it can reach its mirror")


def debian(packages: str, emulator: str, into: Path) -> None:
    """Unpack Debian packages with a Python, named with commas between them, and all that they need; takes no rights.

    Nothing is set up by its package but Python's library, which is compiled: a Python that looks for what is not there
    would find this machine's own, and write it there.

    Raises:
        MissingTool: mmdebstrap is missing, or cannot reach its mirror.
    """
    run_tool(["mmdebstrap", "--quiet", "--arch=arm64", "--variant=extract", f"--include={packages}", SUITE, str(into)])
    python, library = into / f"usr/bin/python{PYTHON}", into / f"usr/lib/python{PYTHON}"
    run_tool([emulator, "-L", str(into), str(python), "-m", "compileall", "-qq", "-s", str(into), str(library)])


def once(folder: Path, name: str, ingredients: Sequence[str], make: Callable[[Path], None]) -> Path:
    """A folder that is made when it is not there, whole or not at all; its name changes with what it is made of."""
    path = folder / f"{name}-{hashlib.sha256(repr(ingredients).encode()).hexdigest()[:12]}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / name
            make(made)
            made.rename(path)
    return path
