"""Detection of a crash while a cached choice was loaded.

A variant that passed its probe may crash later, for example after an update of a driver. Without this guard, a service
would load the cached choice again at each start, and crash again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from profiles.regular_file import read_regular_file

MAX_PID_BYTES = 20


@contextmanager
def crash_guard(mark: Path) -> Iterator[None]:
    """Keep a mark file while the block runs; it remains only if the process crashes."""
    with suppress(OSError):  # without a writable cache there is no cached choice
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)  # it may be a pipe
        mark.write_text(str(os.getpid()))
    try:
        yield
    finally:
        with suppress(OSError):
            mark.unlink()


def has_crashed(mark: Path) -> bool:
    """Return whether there is a mark of a process that no longer runs."""
    try:
        pid = int(read_regular_file(mark, MAX_PID_BYTES))
    except (OSError, ValueError):
        return False
    return not Path("/proc", str(pid)).exists()
