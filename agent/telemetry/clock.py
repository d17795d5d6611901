"""Two clocks: the wall's, which jumps when a board without a battery learns the time, and one that never does."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NS_PER_MS = 1_000_000
STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts while the machine sleeps, too, where there is such a clock: it and the wall's part only when one is set."""


@dataclass(frozen=True)
class Clock:
    """What tells a log the time."""

    boot: str
    """Names the start of the machine since which `steady_ms` counts."""
    wall_ms: Callable[[], int]
    """Since 1970, UTC; may jump either way."""
    steady_ms: Callable[[], int]
    """Since the machine was started; never jumps."""


def system_clock(root: Path = Path("/")) -> Clock:
    """The clock of this machine.

    Where the kernel names no boot, each process is taken for one. Source: random(4) on boot_id.

    Args:
        root: the folder in which `proc` is looked up.
    """
    try:
        boot = (root / "proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = str(uuid.uuid4())
    return Clock(
        boot=boot,
        wall_ms=lambda: time.time_ns() // NS_PER_MS,
        steady_ms=lambda: time.clock_gettime_ns(STEADY) // NS_PER_MS,
    )
