"""CPU time of programs, to compare them on a machine of any speed."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence

EMPTY_HELP = (sys.executable, "-c", "import typer; app = typer.Typer(); app.command()(lambda: None); app()", "--help")
"""Command that prints the help of a program without options: the least that a help with Typer takes."""


def relative_cpu_time(command: Sequence[str], reference: Sequence[str] = EMPTY_HELP, rounds: int = 5) -> float:
    """Return the CPU time of a command, as a multiple of the CPU time of a reference.

    Both run in turns, and the shortest time of each counts, because other programs can only lengthen it.
    """
    pairs = [(_cpu_s(command), _cpu_s(reference)) for _ in range(rounds)]
    return min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs)


def _cpu_s(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
