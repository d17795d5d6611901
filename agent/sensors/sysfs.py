"""One value of one of the kernel's files; None where it cannot be had.

Such a file may vanish (a driver unbound), refuse (EACCES: for root only), or fail (EIO: the chip does not answer).
"""

from __future__ import annotations

import os
from pathlib import Path

PAGE_BYTES = 4096
"""No file of sysfs holds more."""


def read_text(path: Path) -> str | None:
    """The file's text, without white space around it; a pipe in its place keeps nobody waiting."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, PAGE_BYTES).decode("utf-8", errors="replace").strip()
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_number(path: Path) -> int | None:
    """The file's number; None too where its text is none."""
    text = read_text(path)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
