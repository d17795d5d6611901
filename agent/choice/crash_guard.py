"""Notices that a start died while it loaded what was remembered, so that the next one tries everything anew.

What was probed once may crash later: a driver or a C library was changed, and no version that we know tells. A service
would be started again and again, and die each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def trial(mark: Path) -> Iterator[None]:
    """Leave a mark while something is tried; only a death that Python does not survive leaves it for good."""
    with suppress(OSError):  # without a cache nothing is remembered, so nothing can be wrongly
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(str(os.getpid()))
    try:
        yield
    finally:
        with suppress(OSError):
            mark.unlink()


def died(mark: Path) -> bool:
    """Whether a process left its mark and is gone."""
    try:
        pid = int(mark.read_text())
    except (OSError, ValueError):
        return False
    return not Path("/proc", str(pid)).exists()
