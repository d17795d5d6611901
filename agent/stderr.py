"""Capture the stderr output of C and C++ libraries, so that it does not disturb the dashboard."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STDERR_FD = 2
_lock = threading.Lock()


@contextmanager
def native_stderr() -> Iterator[list[str]]:
    """Capture everything that the process writes to file descriptor 2.

    Yields:
        A list that contains the captured lines after the block has ended.
    """
    lines: list[str] = []
    with _lock, tempfile.TemporaryFile() as captured:
        original = os.dup(STDERR_FD)
        os.dup2(captured.fileno(), STDERR_FD)
        try:
            yield lines
        finally:
            os.dup2(original, STDERR_FD)
            os.close(original)
            captured.seek(0)
            lines += captured.read().decode(errors="replace").splitlines()
