"""A camera that is away: for how long, and when it is tried again."""

from __future__ import annotations

import math
from dataclasses import dataclass

UNITS = (("s", 1, 100), ("min", 60, 100), ("h", 3600, 48), ("days", 86400, math.inf))
"""A unit's name, its seconds, and up to how many of it are told."""


@dataclass(frozen=True)
class Outage:
    """A live source that gives no frames."""

    since_s: float
    """Seconds that it has given none."""
    next_try_s: float
    """Seconds until it is opened again; 0 while that is tried."""
    reason: str
    """What was seen last, a line."""

    def __str__(self) -> str:
        tried = f"next try in {in_words(math.ceil(self.next_try_s))}" if self.next_try_s else "trying again"
        return f"camera away for {in_words(self.since_s)}, {tried}"


def in_words(seconds: float) -> str:
    """A time in its handiest unit: 12 s, 7 min, 30 h."""
    name, unit_s = next((name, unit_s) for name, unit_s, most in UNITS if seconds < most * unit_s)
    return f"{seconds / unit_s:.0f} {name}"
