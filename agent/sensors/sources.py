"""Sources of raw sensor values: files of the kernel, and the output of commands. A value that cannot be read is None.

A file of the kernel may vanish (its driver is unbound), be refused (EACCES: only root can read it), or fail (EIO: the
chip does not answer).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

MAX_FILE_BYTES = 4096
"""Maximum size of a file in sysfs: one memory page."""

RunCommand = Callable[[Sequence[str]], "str | None"]
"""Runs a command and returns its stdout; None if it cannot run or does not end in time."""


def read_text(path: Path) -> str | None:
    """Return the text of a file without surrounding white space; does not block if the path is a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, MAX_FILE_BYTES).decode("utf-8", errors="replace").strip()
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_number(path: Path) -> int | None:
    """Return the integer in a file; None also if the text is not an integer."""
    text = read_text(path)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def run_command(argv: Sequence[str], timeout_s: float = 2.0) -> str | None:
    """Run a command without a shell and return its stdout; the exit code is ignored, because vcgencmd exits with 0."""
    try:
        done = subprocess.run(list(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", errors="replace")
