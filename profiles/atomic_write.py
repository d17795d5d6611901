"""Atomic file writes."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomic(path: Path, content: bytes, mode: int | None = None) -> None:
    """Replace a file's content in one step: a reader sees either the old content or the new one.

    The content is written to a temporary file in the same folder. This file is then renamed. If this fails, the old
    file stays. A missing folder is created.

    Args:
        path: the file.
        content: its new content.
        mode: its permissions, such as 0o600; the content is never readable by others, not even for a moment. None
            leaves them to the umask.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.unlink(missing_ok=True)
        opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
        with os.fdopen(opened, "wb") as file:
            if mode is not None:
                os.fchmod(opened, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
