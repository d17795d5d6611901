"""The agent that a bundle brings: a virtual environment made of its wheels, without a network.

It has a folder of its own, `agents/<digest>`, because an environment cannot be moved, and because a later bundle
without wheels goes on with it. A slot's link `agent` leads to it; where no slot's does any more, it is removed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from deploy.durable_write import make_folder, remove, sync_folder, write_file
from deploy.journal import Slot
from deploy.manifest import BundleManifest
from deploy.service_control import run
from deploy.slots import slot_folder

LINK = "agent"
_COMPLETE = "complete"
_MAKE_S, _INSTALL_S = 300.0, 1800.0
"""Copying and compiling some hundred megabytes takes a slow SD card many minutes."""


def program(root: Path, slot: Slot | None) -> Path | None:
    """The `digit-agent` that a slot has; None where it has none."""
    path = slot_folder(root, slot) / LINK / "bin" / "digit-agent" if slot else None
    return path if path is not None and path.is_file() else None


def provide(root: Path, slot: Slot, manifest: BundleManifest, previous: Slot | None) -> None:
    """Give a slot the agent that its bundle brings, or else the one that the previous slot has, if any.

    Raises:
        InstallError: Python cannot make the environment of these wheels.
        OSError: it cannot be written.
    """
    folder = slot_folder(root, slot)
    if manifest.agent is not None:
        digest = _digest(manifest)
        _make(root / "agents" / digest, folder / "wheels")
        target = f"../../agents/{digest}"
    elif program(root, previous) is not None and previous is not None:
        target = str((slot_folder(root, previous) / LINK).readlink())
    else:
        return
    (folder / LINK).symlink_to(target)
    sync_folder(folder)


def prune(root: Path) -> None:
    """Remove every environment that no slot leads to."""
    used = {link.resolve().name for link in (root / "slots").glob(f"*/{LINK}")}
    for folder in (root / "agents").glob("*"):
        if folder.name not in used:
            remove(folder)


def _make(folder: Path, wheels: Path) -> None:
    """Make an environment, unless it is there already. The system's packages are seen, for the Pi's camera."""
    if (folder / _COMPLETE).exists():
        return
    remove(folder)
    make_folder(folder.parent)
    run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(folder)], _MAKE_S)
    python = str(folder / "bin" / "python")
    options = ["--quiet", "--no-index", "--ignore-installed", "--disable-pip-version-check", "--no-cache-dir"]
    pip = [sys.executable, "-m", "pip", "--python", python, "install", *options]
    run([*pip, f"--find-links={wheels}", "digit-agent"], _INSTALL_S)
    os.sync()  # pip syncs none of its files
    write_file(folder / _COMPLETE, b"")
    sync_folder(folder)


def _digest(manifest: BundleManifest) -> str:
    wheels = [member.sha256 for member in manifest.members if member.path.startswith("wheels/")]
    return hashlib.sha256("\n".join(wheels).encode()).hexdigest()[:16]
