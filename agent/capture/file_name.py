"""Names of files that come from users."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit


def local_path(text: str) -> str:
    """Return the path in a file:// address, as file managers and browsers copy it; any other text unchanged."""
    is_address = text[:5].lower() == "file:" and not os.path.exists(text)  # noqa: PTH110 (the text may be very long)
    return unquote(urlsplit(text).path) if is_address else text


def printable(name: str | Path) -> str:
    """Return a file's name as text for people and JSON; each byte that is not UTF-8 becomes �."""
    return os.fsencode(name).decode("utf-8", errors="replace")
