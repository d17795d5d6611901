"""Two slots, each with one whole version or none, and the link that says which one is used.

    slots/a/bundle.json  artifacts/  config/  wheels/  agent
    current -> slots/a

`bundle.json` is written last and removed first, so a slot that has one is whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.durable_write import make_folder, remove, replace_file, replace_link, sync_folder, write_file
from deploy.journal import Slot
from deploy.manifest import FILE_NAME, BundleManifest, parse_manifest
from profiles.errors import BundleError, InstallError

if TYPE_CHECKING:
    from deploy.bundle import Bundle

_TARGETS: dict[str, Slot] = {"slots/a": "a", "slots/b": "b"}


@dataclass(frozen=True)
class Version:
    """What a slot holds."""

    slot: Slot
    manifest: BundleManifest
    digest: str
    """SHA-256 of its `bundle.json`, in hex, which tells it from every other bundle."""


@contextmanager
def locked(root: Path) -> Iterator[bool]:
    """Keep every other `digit-deploy` away from a root, unless one is at work: gives whether this one is alone.

    The system lets go when the process ends, however it ends.
    """
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def slot_folder(root: Path, slot: Slot) -> Path:
    """Where a slot is."""
    return root / "slots" / slot


def other_slot(slot: Slot | None) -> Slot:
    """The slot that is not in use."""
    return "b" if slot == "a" else "a"


def current_slot(root: Path) -> Slot | None:
    """The slot in use; None where it is what shipped with the agent.

    Raises:
        InstallError: `current` is something that this program did not make.
    """
    link = root / "current"
    try:
        return _TARGETS[str(link.readlink())]
    except FileNotFoundError:
        return None
    except (OSError, KeyError) as error:
        raise InstallError(f"{link} is no link to a slot of ours; remove it, and install again") from error


def switch(root: Path, slot: Slot | None) -> None:
    """Use another slot from now on, or None for what shipped with the agent, by one atomic step."""
    if slot is None:
        remove(root / "current")
    else:
        replace_link(root / "current", f"slots/{slot}")


def version_in(root: Path, slot: Slot | None) -> Version | None:
    """What a slot holds; None where it is not whole, or there is no slot."""
    if slot is None:
        return None
    path = slot_folder(root, slot) / FILE_NAME
    try:
        content = path.read_bytes()
        return Version(slot, parse_manifest(content, str(path)), hashlib.sha256(content).hexdigest())
    except (OSError, BundleError):
        return None


def damage(root: Path, version: Version) -> str:
    """The first file of a version that is not as it was signed, in words; empty where all are."""
    folder = slot_folder(root, version.slot)
    for member in version.manifest.members:
        try:
            content = (folder / member.path).read_bytes()
        except OSError as error:
            return f"{folder / member.path} cannot be read ({error.strerror})"
        if hashlib.sha256(content).hexdigest() != member.sha256:
            return f"{folder / member.path} is damaged"
    return ""


def fill(root: Path, slot: Slot, bundle: Bundle) -> None:
    """Unpack a bundle into an empty slot, which is whole only after `close`.

    Raises:
        BundleError: the bundle changed since it was checked.
        OSError: it cannot be written.
    """
    folder = slot_folder(root, slot)
    make_folder(folder)
    for member, content in bundle.contents():
        path = folder / member.path
        make_folder(path.parent)
        write_file(path, content)
    for below in folder.iterdir():
        if below.is_dir():
            sync_folder(below)


def close(root: Path, slot: Slot, bundle: Bundle) -> None:
    """Declare a filled slot whole."""
    replace_file(slot_folder(root, slot) / FILE_NAME, bundle.signed)


def clear(root: Path, slot: Slot) -> None:
    """Empty a slot; cut off anywhere, it is not whole."""
    folder = slot_folder(root, slot)
    remove(folder / FILE_NAME)
    remove(folder)
