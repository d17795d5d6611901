"""File operations that survive a power loss: each is complete on the disk before it returns.

A rename is atomic (rename(2)); it is durable after fsync(2) on its folder. Each file and folder gets its mode here,
whatever the umask of the process is: the service's user must be able to read what root installs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FILE_MODE = 0o644
_UMASK = 0o022
"""Leaves 0755 of the mode of a new folder."""


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, readable by all. Existing folders are not changed."""
    for step in (*reversed(folder.parents), folder):
        if not step.is_dir():
            before = os.umask(_UMASK)  # a chmod after mkdir would be lost in between
            try:
                step.mkdir()
            finally:
                os.umask(before)
            sync_folder(step.parent)


def write_file(path: Path, content: bytes, mode: int = FILE_MODE, group: int = -1) -> None:
    """Write a new file and flush it. The caller syncs its folder.

    Args:
        path: the file; nothing may be there.
        content: what to write.
        mode: its permissions.
        group: number of the group that it belongs to; -1 is that of the process.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode & 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchown(file.fileno(), -1, group)
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file atomically: a reader sees the old content or the new."""
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    write_file(temporary, content)
    temporary.replace(path)
    sync_folder(path.parent)


def replace_link(path: Path, target: str) -> None:
    """Replace a symbolic link atomically: it leads to the old target or the new."""
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with its content. A missing path is not an error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)
