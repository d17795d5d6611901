"""Replace a configuration file, and keep the one before until the new one has proved itself.

Whoever changes the options of a board from afar must not lose it. The file before stays beside the new one until the
camera has given a picture with the new options. If the power fails in between, the next start puts it back.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from profiles.atomic_write import write_atomic
from profiles.errors import OutputError

ENDING = ".before"
"""Ending of the name of the file before."""
NEW_MODE = 0o640
"""Permissions of a new file: it may hold passwords, so not everybody may read it."""


def replace_config(file: Path, content: bytes) -> None:
    """Replace a configuration file, and keep the one before; an empty one stands for a missing file.

    Raises:
        OutputError: a file cannot be written. The file before stays.
    """
    try:
        before, mode = (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) if file.exists() else (b"", NEW_MODE)
        write_atomic(_before(file), before, mode)
        write_atomic(file, content, mode)
    except OSError as error:
        raise OutputError(
            f"the options cannot be kept in {file} ({error.strerror})", advice="check its folder, and the free space"
        ) from error


def confirm_config(file: Path) -> None:
    """Forget the file before: the new one has proved itself."""
    _before(file).unlink(missing_ok=True)


def restore_config(file: Path) -> bool:
    """Put the file before back, if there is one, and return whether there was.

    Raises:
        OutputError: it cannot be put back.
    """
    if not os.path.lexists(_before(file)):  # asked first: a file system that is read-only refuses before it looks
        return False
    try:
        _before(file).replace(file)
    except OSError as error:
        raise OutputError(
            f"{file} cannot be put back ({error.strerror})", advice=f"rename {_before(file)} to {file.name}"
        ) from error
    return True


def is_writable(file: Path) -> bool:
    """Return whether this process can replace a file."""
    return os.access(file.parent, os.W_OK | os.X_OK) and (not file.exists() or os.access(file, os.W_OK))


def _before(file: Path) -> Path:
    return file.with_name(f"{file.name}{ENDING}")
