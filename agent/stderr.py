"""What C and C++ libraries write to stderr, past Python: caught, so that it tears no dashboard apart."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STDERR = 2
_one_at_a_time = threading.Lock()


@contextmanager
def native_stderr() -> Iterator[list[str]]:
    """Catch what the whole process writes to file descriptor 2.

    Yields:
        A list that holds the lines caught, once the block is left.
    """
    lines: list[str] = []
    with _one_at_a_time, tempfile.TemporaryFile() as caught:
        kept = os.dup(STDERR)
        os.dup2(caught.fileno(), STDERR)
        try:
            yield lines
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)
            caught.seek(0)
            lines += caught.read().decode(errors="replace").splitlines()
