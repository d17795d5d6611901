"""Whether numbers are read better is judged by those that changed."""

from __future__ import annotations

import pytest

from agent.learn.judge import PairedComparison, compare


def test_pairs_are_counted() -> None:
    before, after = [True, True, False, False, False], [True, False, True, True, False]
    compared = compare(before, after)
    assert compared == PairedComparison(count=5, right_before=2, mended=2, broken=1)
    assert compared.right_after == 3


@pytest.mark.parametrize(
    ("mended", "broken", "p_value", "is_better"),
    [(0, 0, 1.0, False), (4, 0, 1 / 16, False), (5, 0, 1 / 32, True), (7, 1, 9 / 256, True), (5, 5, 0.623, False)],
)
def test_a_gain_must_be_more_than_chance(mended: int, broken: int, p_value: float, is_better: bool) -> None:
    compared = PairedComparison(50, 30, mended, broken)
    assert compared.p_value == pytest.approx(p_value, abs=1e-3)
    assert compared.is_better == is_better
    low, high = compared.interval
    assert -1 <= low <= (mended - broken) / 50 <= high <= 1
