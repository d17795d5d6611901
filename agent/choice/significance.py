"""Significance of a measurement: whether a variant is really better than another, or the machine was just busy.

Calls of the variants are interleaved, so block i of all variants was measured at the same time. The ratio of two
variants within a block does not contain common disturbances, and the scatter of the ratios shows the error of their
median.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from agent.choice.measurement import Measurement
from profiles.profile import Objective

MAX_COST_RATIO = 1.05
"""Promised limit of the cost of the chosen variant, as a ratio to the cost of the best one. Chosen by trial."""
MIN_TRIMMED_BLOCKS = 8
"""Number of blocks from which the lowest and the highest value are dropped as outliers.

Of 9 ratios, the second lowest and the second highest enclose the true median with a probability of 96 %, by the
binomial distribution; of 3 ratios, the extremes do so with 75 %.
"""


def costs_per_block(measurement: Measurement, objective: Objective) -> tuple[float, ...]:
    """Return the cost per digit in each block: mJ if energy is the objective and was measured, else µs."""
    if objective == "energy" and measurement.energy is not None:
        return measurement.energy.blocks_mj
    return measurement.blocks_us_per_digit


def ratio_bounds(costs: Sequence[float], reference: Sequence[float]) -> tuple[float, float]:
    """Return the lower and the upper bound of the ratio of two costs, from the ratios of their blocks."""
    return _bounds([cost / other for cost, other in zip(costs, reference, strict=False)])


def spread(costs: Sequence[float]) -> float:
    """Return the possible error of the median as a share of the median: 0.03 is ±3 %."""
    low, high = _bounds(costs)
    return (high - low) / 2 / statistics.median(costs)


def tied_with_best(best: Measurement, others: Sequence[Measurement], objective: Objective) -> tuple[Measurement, ...]:
    """Return the best variant and all variants that may be better; empty if the measurement is significant.

    It is significant if no other variant may be better by more than MAX_COST_RATIO.
    """
    best_costs = costs_per_block(best, objective)
    lower_bounds = [
        (other, ratio_bounds(costs_per_block(other, objective), best_costs)[0]) for other in others if other is not best
    ]
    if all(low >= 1 / MAX_COST_RATIO for _, low in lower_bounds):
        return ()
    return (best, *(other for other, low in lower_bounds if low < 1))


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values)
    inner = ordered[1:-1] if len(ordered) >= MIN_TRIMMED_BLOCKS else ordered
    return inner[0], inner[-1]
