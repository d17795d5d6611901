"""How sure a measurement is: whether one candidate is really better than another, or the machine was just busy.

Candidates are measured by turns, so part i of all of them met the same moments. The ratio of two candidates in each
part is free of what befell both, and how much these ratios scatter says how far their median can be off.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from agent.choice.measurement import Measurement
from profiles.profile import Objective

PROMISE = 1.05
"""A choice may be worse than the best by this factor at most; whatever could be worse is noise."""
ENOUGH = 8
"""From so many parts on, one outlier at either end may be left out: of 9 ratios the second lowest and the second
highest enclose the true median with 96 %, by the binomial distribution; of 3 the extremes do with 75 %."""


def parts(measured: Measurement, objective: Objective) -> tuple[float, ...]:
    """What a digit costs in each part of the measurement: µs, or mJ where energy is the objective."""
    if objective == "energy" and measured.energy is not None:
        return measured.energy.blocks_mj
    return measured.blocks_us_per_digit


def ratio(other: Sequence[float], best: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest that the ratio of two costs can be, part by part."""
    return _range([b / a for a, b in zip(best, other, strict=False)])


def spread(costs: Sequence[float]) -> float:
    """How far the median can be off, as a share of it: 0.03 is ±3 %."""
    low, high = _range(costs)
    return (high - low) / 2 / statistics.median(costs)


def in_doubt(best: Measurement, others: Sequence[Measurement], objective: Objective) -> tuple[Measurement, ...]:
    """Those that the measurement cannot tell from the best, the best among them; empty where it can be trusted.

    It can be trusted when no other may be better by more than PROMISE allows.
    """
    mine = parts(best, objective)
    lowest = [(other, ratio(parts(other, objective), mine)[0]) for other in others if other is not best]
    if all(low >= 1 / PROMISE for _, low in lowest):
        return ()
    return (best, *(other for other, low in lowest if low < 1))


def _range(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values)
    inner = ordered[1:-1] if len(ordered) >= ENOUGH else ordered
    return inner[0], inner[-1]
