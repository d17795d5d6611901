"""The agent of a bundle: a virtual environment made from the wheels in the bundle, without network access.

Each environment has its own folder, `agents/<digest>`, because environments cannot be moved, and because a later bundle
without wheels continues to use it. The link `agent` of a slot leads to it. An environment without a link is removed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from deploy.command import run
from deploy.durable_write import make_folder, remove, sync_folder, write_file
from deploy.journal import Slot
from deploy.manifest import BundleManifest
from deploy.slots import slot_folder

LINK = "agent"
_COMPLETE = "complete"
"""Name of the file that marks a complete environment."""
_CREATE_TIMEOUT_S = 300.0
"""Longest time for creating an environment, in seconds; generous for a slow SD card."""
_INSTALL_TIMEOUT_S = 1800.0
"""Longest time for installing wheels, in seconds. Some hundred megabytes take a slow SD card many minutes."""


def program(root: Path, slot: Slot | None) -> Path | None:
    """Return the path of a slot's `digit-agent`, or None if the slot has none."""
    path = slot_folder(root, slot) / LINK / "bin" / "digit-agent" if slot else None
    return path if path is not None and path.is_file() else None


def provide(root: Path, slot: Slot, manifest: BundleManifest, previous: Slot | None) -> None:
    """Link a slot to the agent of its bundle, or else to the agent of the previous slot, if it has one.

    Raises:
        InstallError: the environment cannot be made from these wheels.
        OSError: a file cannot be written.
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
    """Remove the environments that no slot uses."""
    used = {link.resolve().name for link in (root / "slots").glob(f"*/{LINK}")}
    for folder in (root / "agents").glob("*"):
        if folder.name not in used:
            remove(folder)


def _make(folder: Path, wheels: Path) -> None:
    """Create an environment unless it exists. It sees the packages of the system, such as picamera2."""
    if (folder / _COMPLETE).exists():
        return
    remove(folder)
    make_folder(folder.parent)
    run([sys.executable, "-I", "-m", "venv", "--without-pip", "--system-site-packages", str(folder)], _CREATE_TIMEOUT_S)
    python = str(folder / "bin" / "python")
    options = ["--quiet", "--no-index", "--only-binary=:all:", "--ignore-installed", "--no-cache-dir"]
    pip = [sys.executable, "-I", "-m", "pip", "--isolated", "--disable-pip-version-check", "--python", python]
    run([*pip, "install", *options, f"--find-links={wheels}", "digit-agent"], _INSTALL_TIMEOUT_S)
    os.sync()  # pip does not flush its files
    write_file(folder / _COMPLETE, b"")
    sync_folder(folder)


def _digest(manifest: BundleManifest) -> str:
    wheels = [member.sha256 for member in manifest.members if member.path.startswith("wheels/")]
    return hashlib.sha256("\n".join(wheels).encode()).hexdigest()[:16]
