"""Writing that survives a power cut: a thing is whole on the disk before the next one begins.

A rename is atomic, and lasts once its folder is synced: rename(2), fsync(2).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Have the disk keep which names a folder holds."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, that others may enter; one that is there is left."""
    for step in (*reversed(folder.parents), folder):
        if not step.is_dir():
            step.mkdir()
            sync_folder(step.parent)


def write_file(path: Path, content: bytes) -> None:
    """Write a new file; its folder is the caller's to sync."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in the place of another: whoever looks finds one of them, whole."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.unlink(missing_ok=True)
    write_file(unfinished, content)
    unfinished.replace(path)
    sync_folder(path.parent)


def replace_link(path: Path, target: str) -> None:
    """Point a symbolic link elsewhere: whoever follows it comes to the one place or the other."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.unlink(missing_ok=True)
    unfinished.symlink_to(target)
    unfinished.replace(path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it; what is not there is removed already."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)
