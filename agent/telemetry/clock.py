"""The two clocks of a log: the wall clock, and a steady clock.

The wall clock jumps when a board without a battery gets the time. The steady clock never jumps.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NS_PER_MS = 1_000_000
STEADY_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Clock that also counts while the machine sleeps, if there is one: its distance to the wall clock stays constant."""


@dataclass(frozen=True)
class LogClock:
    """The two clocks that stamp the rows of the log."""

    boot: str
    """Identifier of the machine's last start, from which `steady_ms` counts."""
    wall_ms: Callable[[], int]
    """Milliseconds since 1970, UTC; may jump in both directions."""
    steady_ms: Callable[[], int]
    """Milliseconds since the machine's start; never jumps."""


def system_clock(root: Path = Path("/")) -> LogClock:
    """Return the clocks of this machine.

    If the kernel gives no name of its start, each process gets one of its own. Source: random(4) on boot_id.

    Args:
        root: folder that contains `proc`.
    """
    try:
        boot = (root / "proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = str(uuid.uuid4())
    return LogClock(
        boot=boot,
        wall_ms=lambda: time.time_ns() // NS_PER_MS,
        steady_ms=lambda: time.clock_gettime_ns(STEADY_CLOCK) // NS_PER_MS,
    )
