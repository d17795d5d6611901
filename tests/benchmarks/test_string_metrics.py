"""Figures of read strings: tables computed by hand, and properties that hold for all strings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.string_metrics import (
    Bin,
    calibration_error,
    character_error_rate,
    coverage_at,
    edit_distance,
    reliability,
    risk_at,
    risk_curve,
)

CONFIDENCE = np.array([0.99, 0.95, 0.95, 0.80, 0.60, 0.60, 0.40, 0.10])
RIGHT = np.array([True, True, False, True, True, False, False, False])
"""Accepted, wrong by threshold: 1, 0 · 3, 1 · 4, 1 · 6, 2 · 7, 3 · 8, 4."""

texts = st.text("0123456789.", max_size=8)
answers = st.lists(st.tuples(st.sampled_from((0.0, 0.2, 0.25, 0.5, 0.7, 0.9, 1.0)), st.booleans()), min_size=1)


def columns(rows: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([c for c, _ in rows], np.float64), np.array([r for _, r in rows], np.bool_)


@pytest.mark.parametrize(
    ("read", "written", "count"),
    [
        ("1024", "1024", 0),
        ("", "1024", 4),
        ("1024", "", 4),
        ("124", "1024", 1),
        ("11024", "1024", 1),
        ("1034", "1024", 1),
        ("0241", "1024", 2),
    ],
)
def test_the_edit_distance_counts_the_fewest_changes(read: str, written: str, count: int) -> None:
    assert edit_distance(read, written) == edit_distance(written, read) == count


@given(texts, texts, texts)
def test_the_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_the_character_error_rate_weighs_long_texts_more() -> None:
    assert character_error_rate(["1234567890", "42"], ["1234567890", "4"]) == pytest.approx(1 / 12)
    assert character_error_rate(["1"], ["123"]) == 2, "added characters count too"
    assert character_error_rate([], []) == 0


def test_the_risk_curve_accepts_equal_confidences_together() -> None:
    accepted, wrong = risk_curve(CONFIDENCE, RIGHT)
    assert accepted.tolist() == [0, 1, 3, 4, 6, 7, 8]
    assert wrong.tolist() == [0, 0, 1, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("coverage", "risk"), [(1 / 8, 0), (0.25, 0.5 / 2), (0.5, 1 / 4), (5 / 8, 1.5 / 5), (0.75, 2 / 6), (1.0, 4 / 8)]
)
def test_the_risk_is_the_share_of_wrong_among_the_most_confident(coverage: float, risk: float) -> None:
    assert risk_at(coverage, CONFIDENCE, RIGHT) == pytest.approx(risk)


@pytest.mark.parametrize(
    ("risk", "coverage"), [(0.0, 1 / 8), (0.24, 1 / 8), (0.25, 4 / 8), (0.34, 6 / 8), (0.45, 7 / 8), (0.5, 1.0)]
)
def test_the_coverage_is_the_largest_at_which_the_risk_is_small_enough(risk: float, coverage: float) -> None:
    assert coverage_at(risk, CONFIDENCE, RIGHT) == pytest.approx(coverage)


@given(answers, st.randoms())
def test_the_order_of_the_strings_does_not_matter(rows: list[tuple[float, bool]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for coverage in (0.1, 0.5, 0.75, 1.0):
        assert risk_at(coverage, *columns(rows)) == pytest.approx(risk_at(coverage, *columns(shuffled)))
    for risk in (0.0, 0.1, 0.5):
        assert coverage_at(risk, *columns(rows)) == coverage_at(risk, *columns(shuffled))


@given(answers)
def test_the_risk_of_all_strings_is_the_share_of_wrong_ones(rows: list[tuple[float, bool]]) -> None:
    confidence, right = columns(rows)
    assert risk_at(1.0, confidence, right) == pytest.approx(1 - right.mean())
    assert coverage_at(1.0, confidence, right) == 1


@given(answers, st.floats(0, 1), st.floats(0, 1))
def test_who_accepts_more_risk_accepts_no_fewer_strings(rows: list[tuple[float, bool]], a: float, b: float) -> None:
    assert coverage_at(min(a, b), *columns(rows)) <= coverage_at(max(a, b), *columns(rows))


@given(answers, st.floats(0, 1))
def test_the_accepted_strings_keep_the_risk(rows: list[tuple[float, bool]], risk: float) -> None:
    confidence, right = columns(rows)
    coverage = coverage_at(risk, confidence, right)
    assert risk_at(coverage, confidence, right) <= risk + 1e-9


def test_no_strings_have_no_risk() -> None:
    nothing = np.zeros(0), np.zeros(0, np.bool_)
    assert (risk_at(0.5, *nothing), coverage_at(0.01, *nothing), calibration_error(*nothing)) == (0, 0, 0)


def test_the_bins_of_the_reliability_hold_each_string_once() -> None:
    rows = reliability(CONFIDENCE, RIGHT, (0, 0.5, 0.8, 0.95, 1))
    assert [row[:3] for row in rows] == [(0, 0.5, 2), (0.5, 0.8, 2), (0.8, 0.95, 1), (0.95, 1, 3)]
    assert rows[1] == pytest.approx(Bin(0.5, 0.8, 2, 0.6, 0.5))
    assert rows[3] == pytest.approx(Bin(0.95, 1, 3, (0.99 + 0.95 + 0.95) / 3, 2 / 3))


@pytest.mark.parametrize(
    ("confidence", "right", "error"),
    [
        ([0.9, 0.9], [True, True], 0.1),
        ([0.5, 0.5], [True, False], 0.0),
        ([1.0, 1.0], [False, False], 1.0),
        ([0.05, 0.95, 0.95, 0.95], [False, True, True, False], (0.05 + 3 * (0.95 - 2 / 3)) / 4),
    ],
)
def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy(
    confidence: list[float], right: list[bool], error: float
) -> None:
    assert calibration_error(np.array(confidence), np.array(right)) == pytest.approx(error)


@given(answers)
def test_the_calibration_error_is_a_share(rows: list[tuple[float, bool]]) -> None:
    confidence, right = columns(rows)
    assert 0 <= calibration_error(confidence, right) <= 1
    assert calibration_error(right.astype(np.float64), right) == 0
