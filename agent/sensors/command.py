"""A command's output, in time or not at all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

RunCommand = Callable[[Sequence[str]], "str | None"]
"""Runs a command and gives what it wrote to stdout; None where it could not run or did not end in time."""


def run_command(argv: Sequence[str], timeout_s: float = 2.0) -> str | None:
    """Run a command without a shell; its exit code is not looked at, because vcgencmd's says nothing."""
    try:
        done = subprocess.run(list(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", errors="replace")
