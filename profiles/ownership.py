"""Find out who can change a file: its owner, and everybody who may write to it or to a folder on its path."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT_UID = 0


def changeable_by_others(
    path: Path, trusted: frozenset[int] = frozenset({ROOT_UID}), ignored: Collection[Path] = ()
) -> Path | None:
    """Return the first part of a path that other users can replace or change; None if there is none.

    Args:
        path: a file or folder; symbolic links on the way are followed, and are parts of it, too.
        trusted: numbers of the users that may change it.
        ignored: parts that are not checked.

    Raises:
        OSError: a part of the path is missing.
    """
    parts = (part for part in _parts(path.absolute()) if part not in ignored)
    return next((part for part in parts if _is_open(part.lstat(), trusted)), None)


def _parts(path: Path) -> Iterator[Path]:
    for part in (*reversed(path.parents), path):
        yield part
        if part.is_symlink():
            yield from _parts(part.parent / part.readlink())


def _is_open(found: os.stat_result, trusted: frozenset[int]) -> bool:
    if found.st_uid not in trusted:
        return True
    if stat.S_ISLNK(found.st_mode):
        return False  # its mode means nothing
    if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX:
        return False  # as in /tmp, only the owner of an entry can replace it
    by_group = found.st_mode & stat.S_IWGRP and found.st_gid != ROOT_UID
    return bool(found.st_mode & stat.S_IWOTH or by_group)
