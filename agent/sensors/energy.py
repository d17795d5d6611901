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
