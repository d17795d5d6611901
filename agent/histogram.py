"""Percentiles of any number of values in bounded memory, which can be stored and added up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

RESOLUTION = 0.01
"""Relative width of a histogram's bin: a percentile is right within half of it."""


@dataclass(frozen=True)
class Percentiles:
    """Of one stage, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


class LatencyHistogram(msgspec.Struct, array_like=True):
    """A histogram whose bins grow by a factor.

    The method is that of HdrHistogram: a relative error that is the same for small and large values.
    """

    bins: dict[int, int] = {}
    """How many values fell into each bin."""

    def add(self, value_ms: float) -> None:
        bin_number = round(math.log(max(value_ms, 1e-4)) / math.log1p(RESOLUTION))
        self.bins[bin_number] = self.bins.get(bin_number, 0) + 1

    def merge(self, other: LatencyHistogram) -> None:
        """Add another histogram's values to this one's."""
        for bin_number, values in other.bins.items():
            self.bins[bin_number] = self.bins.get(bin_number, 0) + values

    @property
    def values(self) -> int:
        """How many were added."""
        return sum(self.bins.values())

    def percentile(self, share: float) -> float:
        """The smallest value that `share` of the values (0..1) do not exceed, in ms; at least one value is needed."""
        wanted, passed = share * self.values, 0
        for bin_number in sorted(self.bins):
            passed += self.bins[bin_number]
            if passed >= wanted:
                return math.exp(bin_number * math.log1p(RESOLUTION))
        raise ValueError("no value was added")

    def summary(self) -> Percentiles:
        return Percentiles(*(self.percentile(share) for share in (0.50, 0.95, 0.99)))
