"""Judge what was learned: the same pictures read before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt

MAX_P_VALUE = 0.05
"""What was learned is kept if chance alone would mend so many more numbers than it breaks less often than this. Raising
it keeps gains that may be chance."""
Z_95 = 1.959964
"""Standard deviations on both sides of the mean beyond which 5 % of a normal distribution lie."""


@dataclass(frozen=True)
class PairedComparison:
    """Numbers that were read by the nets before and after they learned."""

    count: int
    right_before: int
    mended: int
    """Read wrong before and right after."""
    broken: int
    """Read right before and wrong after."""

    @property
    def right_after(self) -> int:
        return self.right_before + self.mended - self.broken

    @property
    def p_value(self) -> float:
        """Probability that chance alone mends at least so many of those that changed (one-sided sign test)."""
        changed = self.mended + self.broken
        return float(sum(comb(changed, k) for k in range(self.mended, changed + 1)) / 2**changed)

    @property
    def is_better(self) -> bool:
        return self.p_value < MAX_P_VALUE

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the 95 % interval of the gain, as shares of all numbers.

        Source: D. Bonett and R. Price, Adjusted Wald confidence interval for a difference of binomial proportions based
        on paired data, 2012.
        """
        count = self.count + 2
        mended, broken = (self.mended + 1) / count, (self.broken + 1) / count
        half = Z_95 * sqrt((mended + broken - (mended - broken) ** 2) / count)
        return max(-1.0, mended - broken - half), min(1.0, mended - broken + half)


def compare(before: Sequence[bool], after: Sequence[bool]) -> PairedComparison:
    """Compare which numbers were read right before and after."""
    pairs = list(zip(before, after, strict=True))
    mended = sum(not one and other for one, other in pairs)
    broken = sum(one and not other for one, other in pairs)
    return PairedComparison(len(pairs), sum(before), mended, broken)
