"""Samples of power, the interface of power readers, and the energy of a series of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol


@dataclass(frozen=True)
class PowerSample:
    """Power at one moment."""

    power_mw: float
    """Total power; the reader's `description` says what it includes."""
    taken_ns: int
    """Time of the sample on a monotonic clock, in nanoseconds."""


class PowerReader(Protocol):
    """Reader of a power sensor that was found and can be read."""

    @property
    def description(self) -> str:
        """Name of the sensor, and what its total includes, in one line."""
        ...

    def read(self) -> PowerSample | None:
        """Measure now; return None if a part of the total cannot be read."""
        ...


def energy_mj(samples: Sequence[PowerSample]) -> float | None:
    """Return the energy between the first and the last sample, in millijoules, by the trapezoidal rule.

    Args:
        samples: samples in the order of their time.

    Returns:
        The energy; None with less than two samples.
    """
    if len(samples) < 2:
        return None
    return sum((a.power_mw + b.power_mw) / 2 * (b.taken_ns - a.taken_ns) / 1e9 for a, b in pairwise(samples))


class EnergyIntegrator:
    """Energy of a run of any length, sample by sample, without the time in which the sensor gave no value."""

    def __init__(self) -> None:
        self.energy_mj = self.seconds = 0.0
        self.samples = 0
        self._previous: tuple[int, float] | None = None

    @property
    def mean_mw(self) -> float | None:
        """Mean power over the measured time; None with less than two samples."""
        return self.energy_mj / self.seconds if self.seconds else None

    def add(self, taken_ns: int, power_mw: float | None) -> None:
        """Add a sample; a sample that was already added is ignored.

        Args:
            taken_ns: time of the sample on a monotonic clock, in nanoseconds.
            power_mw: power in milliwatts; None if the sensor gave no value.
        """
        if power_mw is None:
            self._previous = None
            return
        if self._previous is not None:
            previous_ns, previous_mw = self._previous
            if taken_ns <= previous_ns:
                return
            elapsed_s = (taken_ns - previous_ns) / 1e9
            self.energy_mj += (previous_mw + power_mw) / 2 * elapsed_s
            self.seconds += elapsed_s
        self.samples += 1
        self._previous = taken_ns, power_mw
