"""The agent of a bundle: a virtual environment made from the wheels in the bundle, without network access.

Each environment has its own folder, `agents/<digest>`, because environments cannot be moved, and because a later bundle
without wheels continues to use it. The link `agent` of a slot leads to it. An environment without a link is removed.

`installed.json` is written last: the version of Python, and the checksum of each file. A damaged environment that is in
use stays until its slot is replaced; a new one is made beside it, `agents/<digest>-2`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import msgspec

from deploy.command import run
from deploy.durable_write import make_folder, remove, sync_folder, write_file
from deploy.journal import Slot
from deploy.manifest import BundleManifest
from deploy.slots import checksum, file_damage, slot_folder
from profiles.errors import InstallError
from profiles.regular_file import read_regular_file

LINK = "agent"
RECORD = "installed.json"
"""Name of the file that marks a complete environment."""
_MAX_RECORD_BYTES = 2**24
"""Largest record that is read, in bytes: more than a hundred thousand files."""
_CREATE_TIMEOUT_S = 300.0
"""Longest time for creating an environment, in seconds; generous for a slow SD card."""
_INSTALL_TIMEOUT_S = 1800.0
"""Longest time for installing wheels, in seconds. Some hundred megabytes take a slow SD card many minutes."""
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""Version of Python that an environment works with: its packages are in a folder of this name."""


class _Record(msgspec.Struct, frozen=True):
    """What was installed into an environment."""

    python: str
    files: dict[str, str]
    """SHA-256 of each file, in hex, by its path in the environment."""


def program(root: Path, slot: Slot | None) -> Path | None:
    """Return the path of a slot's `digit-agent`, or None if the slot has none."""
    path = slot_folder(root, slot) / LINK / "bin" / "digit-agent" if slot else None
    return path if path is not None and path.is_file() else None


def find_agent_damage(root: Path, slot: Slot) -> str:
    """Describe what is wrong with the environment of a slot; empty if it is intact, or if the slot has none."""
    link = slot_folder(root, slot) / LINK
    return environment_damage(link.resolve()) if link.is_symlink() else ""


def require_intact_agent(root: Path, slot: Slot) -> None:
    """Check the environment of a slot that a bundle without an agent would use.

    Raises:
        InstallError: it is damaged.
    """
    if damage := find_agent_damage(root, slot):
        raise InstallError(f"{damage}, and the bundle brings no agent", advice="make it with --with-agent")


def environment_damage(folder: Path) -> str:
    """Describe the first damaged or missing file of an environment; empty if all are intact."""
    path = folder / RECORD
    try:
        record = msgspec.json.decode(read_regular_file(path, _MAX_RECORD_BYTES), type=_Record)
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return f"{path} is damaged"
    if record.python != _PYTHON:
        return f"{folder} was made for Python {record.python}, and this board has {_PYTHON}"
    if not os.access(folder / "bin" / "python", os.X_OK):
        return f"{folder / 'bin' / 'python'} leads to no Python"
    damages = (file_damage(folder / name, sha256) for name, sha256 in record.files.items())
    return next(filter(None, damages), "")


def provide(root: Path, slot: Slot, manifest: BundleManifest, previous: Slot | None) -> None:
    """Link a slot to the agent of its bundle, or else to the agent of the previous slot, if it has one.

    Raises:
        InstallError: the environment cannot be made from these wheels, or that of the previous slot is damaged.
        OSError: a file cannot be written.
    """
    folder = slot_folder(root, slot)
    if manifest.agent is not None:
        environment = _provide_environment(root / "agents", _digest(manifest), folder / "wheels")
        target = f"../../agents/{environment.name}"
    elif previous is not None and (slot_folder(root, previous) / LINK).is_symlink():
        require_intact_agent(root, previous)
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


def _provide_environment(agents: Path, digest: str, wheels: Path) -> Path:
    """Return an intact environment; make one if there is none."""
    names = (digest if number == 1 else f"{digest}-{number}" for number in count(1))
    folder = next(agents / name for name in names if not _is_damaged(agents / name))
    if not folder.exists():
        _make(folder, wheels)
    return folder


def _is_damaged(folder: Path) -> bool:
    return folder.exists() and environment_damage(folder) != ""


def _make(folder: Path, wheels: Path) -> None:
    """Create an environment. It sees the packages of the system, such as picamera2."""
    make_folder(folder.parent)
    run([sys.executable, "-I", "-m", "venv", "--without-pip", "--system-site-packages", str(folder)], _CREATE_TIMEOUT_S)
    python = str(folder / "bin" / "python")
    # --no-index alone would still fetch a dependency that names an address (PEP 508); nothing listens on port 9.
    options = ["--quiet", "--no-index", "--proxy=http://127.0.0.1:9", "--retries=0"]
    options += ["--only-binary=:all:", "--ignore-installed", "--no-cache-dir"]
    pip = [sys.executable, "-I", "-m", "pip", "--isolated", "--disable-pip-version-check", "--python", python]
    run([*pip, "install", *options, f"--find-links={wheels}", "digit-agent"], _INSTALL_TIMEOUT_S)
    os.sync()  # pip does not flush its files
    record = _Record(_PYTHON, {str(path.relative_to(folder)): checksum(path) for path in _files(folder)})
    write_file(folder / RECORD, msgspec.json.encode(record))
    sync_folder(folder)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _digest(manifest: BundleManifest) -> str:
    wheels = [member.sha256 for member in manifest.members if member.path.startswith("wheels/")]
    return hashlib.sha256("\n".join(wheels).encode()).hexdigest()[:16]
