"""Counts become tables, and too many become a failure."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.instructions import BASELINE, CORES, Counts, bounds, digits_table, frames_table
from tools.insn.count import least

WORKS = {"net-int8.tflite 1": 1_600_000, "net-int8.tflite 16": 24_000_000, "frame int8 tflite": 140_000_000}
COUNTS: Counts = {"cortex-a72": WORKS, "cortex-a76": {name: n // 2 for name, n in WORKS.items()}}


def more(percent: float) -> Counts:
    return {
        core: {name: round(n * (1 + percent / 100)) if "frame" in name else n for name, n in works.items()}
        for core, works in COUNTS.items()
    }


def test_a_digit_is_told_one_at_a_time_and_sixteen_at_once() -> None:
    assert list(digits_table(COUNTS))[2:] == ["| `net-int8.tflite` | 1.60 M | 1.50 M | 0.80 M | 0.75 M |"]


def test_a_frame_is_told_by_its_nets() -> None:
    assert list(frames_table(COUNTS))[2:] == ["| int8 tflite | 140.0 M | 70.0 M |"]


@pytest.mark.parametrize(("percent", "kept"), [(-20, True), (4.9, True), (5.1, False)])
def test_more_than_five_percent_is_too_much(percent: float, kept: bool) -> None:
    runs = [more(percent), more(percent)]
    assert all(bound.kept for bound in bounds(runs, COUNTS)) is kept


def test_work_that_the_baseline_lacks_is_too_much() -> None:
    before = {core: {name: n for name, n in works.items() if "frame" not in name} for core, works in COUNTS.items()}
    assert not all(bound.kept for bound in bounds([COUNTS, COUNTS], before))


@pytest.mark.parametrize(("percent", "kept"), [(0.09, True), (0.11, False)])
def test_runs_that_disagree_are_told(percent: float, kept: bool) -> None:
    assert next(bounds([COUNTS, more(percent)], COUNTS)).kept is kept


def test_the_least_of_a_piece_of_work_counts() -> None:
    lines = ["0 1000", "0 1300", "0 2000", "1 2100", "1 2250", "1 2400"]
    assert least(["a", "b"], lines, times=2) == {"a": 300, "b": 150}


def test_the_baseline_that_ships_has_every_core() -> None:
    assert set(msgspec.json.decode(BASELINE.read_bytes())) == set(CORES)
