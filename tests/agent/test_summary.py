from __future__ import annotations

from dataclasses import replace

import pytest

from agent.capture.source import TrueDigit
from agent.events import Counts, FrameEvent, Vitals
from agent.summary import Score, Tally, score
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.page import Page

HERE, NEAR, OUTAGE = Box(0, 0, 10, 20), Box(1, 1, 10, 20), Box(100, 0, 10, 20)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ([(5, NEAR)], Score(true=2, found=1, right=1)),
        ([(5, NEAR), (7, OUTAGE)], Score(true=2, found=2, right=2)),
        ([(6, NEAR), (7, OUTAGE)], Score(true=2, found=2, right=1)),
        ([(5, NEAR), (5, HERE)], Score(true=2, found=2, right=1)),
        ([(6, HERE), (5, NEAR)], Score(true=2, found=2, right=1)),
        ([], Score(true=2, found=0, right=0)),
    ],
)
def test_a_true_digit_matches_one_found_digit_by_place_and_label(
    digits: list[tuple[int, Box]], expected: Score
) -> None:
    truth = [TrueDigit(5, HERE), TrueDigit(7, OUTAGE)]
    assert score(truth, [Digit(digit, 0.9, box) for digit, box in digits]) == expected
    assert expected.false == expected.found - expected.right


def frame_event(vitals: Vitals | None) -> FrameEvent:
    return FrameEvent(0, "demo:", None, Page(8, 8, (), (), {}), (), {"total": 5.0}, 0, Counts(), vitals)


def test_energy_is_the_trapezoidal_integral_and_each_sample_counts_once() -> None:
    tally = Tally(started_ns=0)
    second = 1_000_000_000
    for vitals in [None, *[Vitals(second, 2000.0)] * 10, Vitals(2 * second, 4000.0), Vitals(4 * second, 4000.0)]:
        tally.add(frame_event(vitals), None)
    power = tally.summary(Counts(), now_ns=5 * second).power
    assert power is not None
    assert (power.energy_mj, power.seconds, power.samples) == (3000.0 + 8000.0, 3.0, 3)
    assert power.mean_mw == pytest.approx(11_000 / 3)


def test_one_sample_has_no_energy() -> None:
    tally = Tally(started_ns=0)
    tally.add(frame_event(Vitals(1, 2000.0)), None)
    assert tally.summary(Counts(), now_ns=1_000_000_000).power is None


def test_unmeasured_values_are_none() -> None:
    tally = Tally(started_ns=0)
    tally.add(frame_event(Vitals(1, power_mw=None, temperature_c=50.0)), None)
    summary = tally.summary(Counts(), now_ns=1)
    assert summary.power is None
    assert summary.score is None


def test_a_run_without_a_frame_has_no_latency() -> None:
    assert Tally(0).summary(Counts(), 1).latency == {}


@pytest.mark.parametrize(
    ("total_ms", "p50_ms", "p99_ms"), [([900.0], 900.0, 900.0), ([900.0, *[5.0] * 20], 5.0, 5.0)], ids=["one", "many"]
)
def test_the_cold_start_does_not_rule_the_percentiles(total_ms: list[float], p50_ms: float, p99_ms: float) -> None:
    tally = Tally(started_ns=0)
    for latency_ms in ({}, *({"total": value_ms} for value_ms in total_ms)):
        tally.add(replace(frame_event(None), latency_ms=latency_ms), None)
    summary = tally.summary(Counts(), now_ns=1)
    assert summary.first_ms == 900.0
    assert summary.latency["total"].p50_ms == pytest.approx(p50_ms, rel=0.03)
    assert summary.latency["total"].p99_ms == pytest.approx(p99_ms, rel=0.03)
