"""Thresholds are found in a source text and changed there, one at a time."""

from __future__ import annotations

import pytest

from benchmarks.sensitivity import all_thresholds, find_thresholds, moved, replaced

SOURCE = """\
MAX_PX = 9
SHARE = 1 / 4
NAME, FACTORS = "x", (0.5, 2)
DEPTH = Depth(longest_px=800, factors=(0.6, 0.9), extra=True)
"""


def test_numbers_quotients_tuples_and_keyword_arguments_are_thresholds() -> None:
    found = {threshold.name: threshold.value for threshold in find_thresholds("m", SOURCE)}
    depth = {"DEPTH.longest_px": 800, "DEPTH.factors[0]": 0.6, "DEPTH.factors[1]": 0.9}
    assert found == {"MAX_PX": 9, "SHARE": 0.25, "FACTORS[0]": 0.5, "FACTORS[1]": 2, **depth}


def test_only_the_threshold_changes_in_the_source() -> None:
    for threshold in find_thresholds("m", SOURCE):
        changed = replaced(SOURCE, threshold, 7.0)
        values = {each.name: each.value for each in find_thresholds("m", changed)}
        expected = {each.name: each.value for each in find_thresholds("m", SOURCE)} | {threshold.name: 7.0}
        assert values == expected


@pytest.mark.parametrize(("value", "lower", "higher"), [(10, 8, 12), (2, 1, 3), (0.5, 0.4, 0.6), (0.95, 0.94, 0.96)])
def test_a_threshold_changes_by_20_percent(value: float, lower: float, higher: float) -> None:
    assert (moved(value, -1), moved(value, 1)) == pytest.approx((lower, higher))


def test_each_threshold_has_a_name_of_its_own() -> None:
    keys = [threshold.key for threshold in all_thresholds()]
    assert len(keys) == len(set(keys)) > 150
