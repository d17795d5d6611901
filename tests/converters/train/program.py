"""Program and environment with which the tests run `digit-convert train` in a process of its own."""

from __future__ import annotations

import os

PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # the parent may ignore SIGINT
    "from converters.cli import main; main()"
)
"""Python code of the process."""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
"""Environment with one thread: two threads that wait for each other take minutes when other processes use the cores."""
