"""What a power reader is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class PowerSample:
    """Power at one moment."""

    power_mw: float
    """The total that the reader's `describe` speaks of."""
    taken_ns: int
    """The clock's time, monotonic, in nanoseconds."""
    rails_mw: Mapping[str, float]
    """Each rail that was measured, in milliwatts; not all of them need to be part of the total."""


class PowerReader(Protocol):
    """Reads power; made only where its sensor was found and could be read."""

    @property
    def describe(self) -> str:
        """Which sensor this is, and what its total includes, in one line."""
        ...

    def read(self) -> PowerSample | None:
        """Measure now; None where any part of the total cannot be had."""
        ...
