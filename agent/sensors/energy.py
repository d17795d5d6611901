"""From timed samples of power to energy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from agent.sensors.sample import PowerSample


def energy_mj(samples: Sequence[PowerSample]) -> float | None:
    """Energy between the first and the last sample, in millijoules, by the trapezoidal rule.

    Args:
        samples: in the order of their time.

    Returns:
        None below two samples: one moment has no energy.
    """
    if len(samples) < 2:
        return None
    return sum((a.power_mw + b.power_mw) / 2 * (b.taken_ns - a.taken_ns) / 1e9 for a, b in pairwise(samples))


class EnergyMeter:
    """The same, sample by sample, of a run of any length; time during which the sensor was silent is left out."""

    def __init__(self) -> None:
        self.energy_mj = self.seconds = 0.0
        self.samples = 0
        self._before: tuple[int, float] | None = None

    @property
    def mean_mw(self) -> float | None:
        """Mean power of the time measured; None below two samples."""
        return self.energy_mj / self.seconds if self.seconds else None

    def add(self, taken_ns: int, power_mw: float | None) -> None:
        """Take what was measured at a time, in nanoseconds; a sample that was taken already counts once."""
        if power_mw is None:
            self._before = None
            return
        if self._before is not None:
            before_ns, before_mw = self._before
            if taken_ns <= before_ns:
                return
            elapsed_s = (taken_ns - before_ns) / 1e9
            self.energy_mj += (before_mw + power_mw) / 2 * elapsed_s
            self.seconds += elapsed_s
        self.samples += 1
        self._before = taken_ns, power_mw
