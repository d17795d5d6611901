"""Counts become tables, and too many become a failure."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.instructions import BASELINE, CORES, Counts, bounds, table

WORKS = {"net-int8.tflite 1": 1_600_000, "net-int8.tflite 16": 24_000_000, "net-int8.tflite frame": 140_000_000}
COUNTS: Counts = {"cortex-a72": WORKS, "cortex-a76": {name: n // 2 for name, n in WORKS.items()}}


def more(percent: float) -> Counts:
    return {
        core: {name: round(n * (1 + percent / 100)) if "frame" in name else n for name, n in works.items()}
        for core, works in COUNTS.items()
    }


def test_a_file_is_told_by_its_digits_and_by_the_frame_that_it_reads() -> None:
    assert list(table(COUNTS))[2:] == ["| `net-int8.tflite` | 1.60 M | 1.50 M | 140.0 M | 0.80 M | 0.75 M | 70.0 M |"]


def test_a_verifier_reads_no_frame_by_itself() -> None:
    works = {name: n for name, n in WORKS.items() if "frame" not in name}
    assert list(table({"cortex-a72": works}))[2:] == ["| `net-int8.tflite` | 1.60 M | 1.50 M | – |"]


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


def test_the_baseline_that_ships_has_every_core() -> None:
    assert set(msgspec.json.decode(BASELINE.read_bytes())) == set(CORES)
