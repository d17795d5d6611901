"""Open files whose names come from users."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        OSError: the file is missing, may not be read, or is not a regular file; reading a pipe might never end.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    return path.open("rb")


def printable(name: str | Path) -> str:
    """Return a file's name as text for people and JSON; each byte that is not UTF-8 becomes �."""
    return os.fsencode(name).decode("utf-8", errors="replace")
