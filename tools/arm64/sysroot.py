"""Parts that all emulated boards share: Debian's arm64 userland and the packages that the agent needs.

They are downloaded once and cached. Needs Debian's packages `qemu-user` (or `qemu-user-static`) and `mmdebstrap`, and a
network connection for the download.
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

from profiles.errors import DigitAgentError

PROJECT = Path(__file__).parents[2]
CONSTRAINTS = Path(__file__).with_name("constraints.txt")
SUITE = "bookworm"
"""Debian 12, the base of Raspberry Pi OS when the Pi 5 was released."""
PYTHON = "3.11"
DEBIAN = f"python{PYTHON}-minimal,libpython{PYTHON}-stdlib,libgomp1,libstdc++6,ca-certificates"
PLATFORMS = tuple(f"manylinux{tag}_aarch64" for tag in ("2014", "_2_27", "_2_28", "_2_34", "_2_35", "_2_36"))
"""Platform tags of wheels that run here: glibc is 2.36. pip needs all of them, because none implies another."""
EMULATORS = ("qemu-aarch64", "qemu-aarch64-static")
"""Programs that emulate arm64. Only the first one supports plugins."""


class MissingToolError(DigitAgentError):
    """Raised when a tool is missing on the desktop, or fails. Its advice is the command that installs the tool."""


@dataclass(frozen=True)
class Sysroot:
    """Parts that all boards share."""

    emulator: str
    """Path of qemu."""
    root: Path
    """Folder with Debian's files."""
    packages: Path
    """Folder with the Python packages that the agent needs, without the agent."""


def board_cache() -> Path:
    """Return the folder of cached parts: DIGIT_BOARD_CACHE, or a folder in the user's cache."""
    return Path(os.environ.get("DIGIT_BOARD_CACHE") or Path.home() / ".cache/digit-agent-boards")


def make_sysroot(folder: Path) -> Sysroot:
    """Make the shared parts, or use the parts in the cache.

    Args:
        folder: folder of the cache; the parts take about 400 MB.

    Raises:
        MissingToolError: a tool is missing, or its download failed.
    """
    emulator = next(filter(None, map(shutil.which, EMULATORS)), None)
    if emulator is None:
        raise MissingToolError(f"no {EMULATORS[0]}", advice="apt-get install --no-install-recommends qemu-user")
    needs = requirements()
    root = build_once(folder, "root", [SUITE, DEBIAN, "compiled"], lambda into: unpack_debian(DEBIAN, emulator, into))
    packages = build_once(
        folder, "packages", [PYTHON, *needs, CONSTRAINTS.read_text()], lambda into: install_arm64(needs, into)
    )
    return Sysroot(emulator, root, packages)


def requirements() -> list[str]:
    """Return the requirements that pip installs on a board: the project's dependencies and onnxruntime."""
    project = msgspec.toml.decode((PROJECT / "pyproject.toml").read_bytes())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["onnx"]]


def install_arm64(needs: Sequence[str], into: Path, *options: str) -> None:
    """Install wheels for the boards' Python, pure Python or arm64, into a folder.

    Args:
        needs: requirements.
        into: target folder.
        options: further options of pip.

    Raises:
        MissingToolError: pip cannot download or install them.
    """
    platforms = [option for name in PLATFORMS for option in ("--platform", name)]
    target = ("--target", str(into), "--implementation", "cp", "--python-version", PYTHON, "--only-binary=:all:")
    command = ("-m", "pip", "install", "--quiet", "--no-warn-conflicts", "--constraint", str(CONSTRAINTS))
    run_tool([sys.executable, *command, *target, *platforms, *options, *needs])


def run_tool(command: Sequence[str]) -> None:
    """Run a tool.

    Raises:
        MissingToolError: the tool is not installed, or it failed.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise MissingToolError(f"no {command[0]}", advice=f"apt-get install {command[0]}") from None
    if done.returncode:
        last = next(iter(done.stderr.strip().splitlines()[-1:]), "no error message")
        raise MissingToolError(f"{command[0]} failed ({last})", advice="check that its mirror can be reached")


def unpack_debian(packages: str, emulator: str, into: Path) -> None:
    """Unpack Debian packages and their dependencies; no root rights are needed.

    The packages' install scripts do not run. Python's library is compiled here, because otherwise the emulated Python
    would find and write compiled files in the desktop's library.

    Args:
        packages: names of packages, separated by commas; one of them is a Python.
        emulator: path of qemu.
        into: target folder.

    Raises:
        MissingToolError: mmdebstrap is missing, or cannot reach its mirror.
    """
    run_tool(["mmdebstrap", "--quiet", "--arch=arm64", "--variant=extract", f"--include={packages}", SUITE, str(into)])
    python, library = into / f"usr/bin/python{PYTHON}", into / f"usr/lib/python{PYTHON}"
    run_tool([emulator, "-L", str(into), str(python), "-m", "compileall", "-qq", "-s", str(into), str(library)])


def build_once(folder: Path, name: str, ingredients: Sequence[str], make: Callable[[Path], None]) -> Path:
    """Return a cached folder; if it does not exist, make it atomically.

    Args:
        folder: folder of the cache.
        name: beginning of the folder's name.
        ingredients: everything that its content depends on; other ingredients give another folder.
        make: function that makes the folder at the path it is given.
    """
    path = folder / f"{name}-{hashlib.sha256(repr(ingredients).encode()).hexdigest()[:12]}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / name
            make(made)
            made.rename(path)
    return path
