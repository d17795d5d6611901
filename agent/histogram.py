"""Percentiles of any number of latencies in bounded memory; histograms can be stored and merged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import msgspec

RESOLUTION = 0.01
"""Relative width of a bin. A percentile is exact within half of this width. Lowering it needs more bins."""
MIN_VALUE_MS = 1e-4
"""Smaller values are counted as this value, in milliseconds, because 0 has no logarithm."""
BinNumber = Annotated[int, msgspec.Meta(ge=-1000, le=5000)]
"""A stored bin: of values between MIN_VALUE_MS and 10**18 seconds, which is longer than any latency."""
StoredCount = Annotated[int, msgspec.Meta(ge=0, le=2**40)]
"""A stored sum. The limit is higher than any real one, and low enough that sums of stored ones can be stored again."""


@dataclass(frozen=True)
class Percentiles:
    """Percentiles of one stage's latency, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


class LatencyHistogram(msgspec.Struct, array_like=True):
    """Histogram with bins of a constant ratio, so that the relative error is the same for all values.

    The method comes from HdrHistogram (http://hdrhistogram.org).
    """

    bins: dict[BinNumber, StoredCount] = {}
    """Count of values by bin number; bin n is around (1 + RESOLUTION) ** n milliseconds."""

    def add(self, value_ms: float) -> None:
        """Add one value."""
        bin_number = round(math.log(max(value_ms, MIN_VALUE_MS)) / math.log1p(RESOLUTION))
        self.bins[bin_number] = self.bins.get(bin_number, 0) + 1

    def merge(self, other: LatencyHistogram) -> None:
        """Add the values of another histogram."""
        for bin_number, count in other.bins.items():
            self.bins[bin_number] = self.bins.get(bin_number, 0) + count

    @property
    def count(self) -> int:
        """Number of values."""
        return sum(self.bins.values())

    def percentile(self, share: float) -> float:
        """Return the smallest value that at least a share of the values do not exceed, in milliseconds.

        Args:
            share: 0..1; 0.5 is the median.

        Raises:
            ValueError: the histogram is empty.
        """
        rank, cumulative = share * self.count, 0
        for bin_number in sorted(self.bins):
            cumulative += self.bins[bin_number]
            if cumulative >= rank:
                return math.exp(bin_number * math.log1p(RESOLUTION))
        raise ValueError("an empty histogram has no percentiles")

    def percentiles(self) -> Percentiles:
        """Return the percentiles that summaries and logs show."""
        return Percentiles(*(self.percentile(share) for share in (0.50, 0.95, 0.99)))
