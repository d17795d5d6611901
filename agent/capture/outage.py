"""The time during which a live source gives no frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

UNITS = (("s", 1, 100), ("min", 60, 100), ("h", 3600, 48), ("days", 86400, math.inf))
"""Name of each unit, its length in seconds, and the number of units at which the next unit is used instead."""


@dataclass(frozen=True)
class Outage:
    """The present state of a live source that gives no frames."""

    since_s: float
    """Seconds since the last good frame of the source."""
    next_try_s: float
    """Seconds until the next attempt to open the source; 0 during an attempt."""
    reason: str
    """The latest error message, one line."""

    def __str__(self) -> str:
        attempt = f"next try in {format_duration(math.ceil(self.next_try_s))}" if self.next_try_s else "trying again"
        return f"camera outage for {format_duration(self.since_s)}, {attempt}"


def format_duration(seconds: float) -> str:
    """Format a duration in the largest unit that keeps it precise enough: 12 s, 7 min, 30 h."""
    name, unit_s = next((name, unit_s) for name, unit_s, limit in UNITS if seconds < limit * unit_s)
    return f"{seconds / unit_s:.0f} {name}"
