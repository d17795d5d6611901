"""Two slots, each with one complete version or none, and the link to the slot in use.

    slots/a/bundle.json  bundle.sig  artifacts/  config/  wheels/  agent
    current -> slots/a

`bundle.json` is written last and removed first, so a slot with a `bundle.json` is complete.
"""

from __future__ import annotations

import grp
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.durable_write import make_folder, remove, replace_file, replace_link, sync_folder, write_file
from deploy.journal import Slot
from deploy.manifest import FILE_NAME, MAX_BYTES, SIGNATURE_NAME, BundleManifest, parse_manifest
from profiles.errors import BundleError, InstallError
from profiles.paths import CURRENT_LINK
from profiles.regular_file import open_regular_file, read_regular_file

if TYPE_CHECKING:
    from deploy.bundle import Bundle
    from deploy.trust import TrustedKeys

_SERVICE_GROUP = "digit-agent"
_CONFIG_MODE = 0o640
"""Permissions of a configuration: a source in it may contain a password, which the service reads as a group."""
_BLOCK_BYTES = 2**20
"""Part of a file that is in memory while its checksum is computed."""
_TARGETS: dict[str, Slot] = {"slots/a": "a", "slots/b": "b"}


@dataclass(frozen=True)
class Version:
    """The version in a slot."""

    slot: Slot
    manifest: BundleManifest
    digest: str
    """SHA-256 of its `bundle.json`, in hex. It identifies the bundle."""


def slot_folder(root: Path, slot: Slot) -> Path:
    """Return the folder of a slot."""
    return root / "slots" / slot


def other_slot(slot: Slot | None) -> Slot:
    """Return the slot that is not in use."""
    return "b" if slot == "a" else "a"


def current_slot(root: Path) -> Slot | None:
    """Return the slot in use; None means the version that shipped with the agent.

    Raises:
        InstallError: `current` is not a link to a slot.
    """
    link = root / CURRENT_LINK
    try:
        return _TARGETS[str(link.readlink())]
    except FileNotFoundError:
        return None
    except (OSError, KeyError) as error:
        raise InstallError(f"{link} is not a link to a slot", advice="remove it and install again") from error


def switch(root: Path, slot: Slot | None) -> None:
    """Use another slot, in one atomic step. None means the version that shipped with the agent."""
    if slot is None:
        remove(root / CURRENT_LINK)
    else:
        replace_link(root / CURRENT_LINK, f"slots/{slot}")


def version_in(root: Path, slot: Slot | None) -> Version | None:
    """Return the version in a slot; None if no slot is given, or the slot is incomplete."""
    if slot is None:
        return None
    path = slot_folder(root, slot) / FILE_NAME
    try:
        content = read_regular_file(path, MAX_BYTES)
        return Version(slot, parse_manifest(content, str(path)), hashlib.sha256(content).hexdigest())
    except (OSError, BundleError):
        return None


def withdrawn_key(root: Path, slot: Slot, keys: TrustedKeys) -> str | None:
    """Return the name of the withdrawn key that signed the version in a slot; None if another key signed it."""
    folder = slot_folder(root, slot)
    try:
        signature = read_regular_file(folder / SIGNATURE_NAME, MAX_BYTES)
        return keys.find_withdrawn(signature, read_regular_file(folder / FILE_NAME, MAX_BYTES))
    except OSError:
        return None  # it was installed before signatures were kept


def find_damage(root: Path, version: Version) -> str:
    """Describe the first damaged or missing file of a version; empty if all are intact."""
    folder = slot_folder(root, version.slot)
    for member in version.manifest.members:
        if damage := file_damage(folder / member.path, member.sha256):
            return damage
    return ""


def file_damage(path: Path, sha256: str) -> str:
    """Describe what is wrong with a file that must have this checksum; empty if it is intact.

    A file that the user may not read is not checked: of a slot, only root and the service can read the configuration.
    """
    try:
        found = checksum(path)
    except PermissionError:
        return ""
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return "" if found == sha256 else f"{path} is damaged"


def checksum(path: Path) -> str:
    """Return the SHA-256 of a regular file, in hex.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    found = hashlib.sha256()
    with open_regular_file(path, follow_links=False) as file:
        while block := file.read(_BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()


def fill(root: Path, slot: Slot, bundle: Bundle) -> None:
    """Unpack a bundle into an empty slot. The slot is complete only after `close`.

    Raises:
        BundleError: the bundle changed after it was verified.
        OSError: a file cannot be written.
    """
    folder = slot_folder(root, slot)
    make_folder(folder)
    for member, content in bundle.contents():
        path = folder / member.path
        make_folder(path.parent)
        if member.path.startswith("config/"):
            write_file(path, content, _CONFIG_MODE, _service_group())
        else:
            write_file(path, content)
    write_file(folder / SIGNATURE_NAME, bundle.signature)
    for below in folder.iterdir():
        if below.is_dir():
            sync_folder(below)


def close(root: Path, slot: Slot, bundle: Bundle) -> None:
    """Mark a filled slot as complete."""
    replace_file(slot_folder(root, slot) / FILE_NAME, bundle.signed)


def clear(root: Path, slot: Slot) -> None:
    """Empty a slot. An interruption leaves it marked as incomplete."""
    folder = slot_folder(root, slot)
    remove(folder / FILE_NAME)
    remove(folder)


def _service_group() -> int:
    """Return the number of the service's group; -1, no other group, if there is none or only root could set it."""
    try:
        return grp.getgrnam(_SERVICE_GROUP).gr_gid if os.geteuid() == 0 else -1
    except KeyError:
        return -1
