"""Names of files that come from users."""

from __future__ import annotations

import os
from pathlib import Path


def printable(name: str | Path) -> str:
    """Return a file's name as text for people and JSON; each byte that is not UTF-8 becomes �."""
    return os.fsencode(name).decode("utf-8", errors="replace")
