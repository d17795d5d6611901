"""One value of one of the kernel's files; None where it cannot be had.

Such a file may vanish (a driver unbound), refuse (EACCES: for root only), or fail (EIO: the chip does not answer).
"""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str | None:
    """The file's text, without white space around it."""
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:
        return None


def read_number(path: Path) -> int | None:
    """The file's number; None too where its text is none."""
    text = read_text(path)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
