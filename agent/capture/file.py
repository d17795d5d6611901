"""Files as a user names them: opened only where they are files, and their names told as text."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        OSError: it is missing or forbidden, or no file: reading a pipe might never end.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return path.open("rb")


def printable(name: str | Path) -> str:
    """A file's name for people and for JSON: a byte that is no UTF-8, which Python carries along, becomes �."""
    return os.fsencode(name).decode("utf-8", errors="replace")
