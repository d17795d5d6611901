"""What the tests need to run `digit-convert train` in a process of its own and to read its progress."""

from __future__ import annotations

import os
from typing import IO

PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # the parent may ignore SIGINT
    "from converters.cli import main; main()"
)
"""Python code of the process."""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
"""Environment with one thread: two threads that wait for each other take minutes when other processes use the cores."""


def epoch_lines(stderr: str) -> list[str]:
    """Return the lines about finished epochs."""
    return [line for line in stderr.splitlines() if "epoch " in line and ": loss " in line]


def read_until(stream: IO[str], text: str) -> str:
    """Read lines up to one that contains a text, and return it; fail if the stream ends before."""
    line = next((line for line in stream if text in line), None)
    assert line is not None, f"no line with {text!r}"
    return line
