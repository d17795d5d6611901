"""The table of instruction counts, and the bounds on their growth."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.instructions import BASELINE, CORES, InstructionCounts, bounds, table
from tools.insn.work import VIDEO_FRAMES

WORKS = {"net-int8.tflite 1": 1_600_000, "net-int8.tflite 16": 24_000_000, "net-int8.tflite frame": 140_000_000}
WORKS["net-int8.tflite video"] = VIDEO_FRAMES * 60_000_000
COUNTS: InstructionCounts = {"cortex-a72": WORKS, "cortex-a76": {name: n // 2 for name, n in WORKS.items()}}


def more(percent: float) -> InstructionCounts:
    return {
        core: {name: round(n * (1 + percent / 100)) if "frame" in name else n for name, n in works.items()}
        for core, works in COUNTS.items()
    }


def test_a_row_shows_the_counts_per_digit_and_per_frame() -> None:
    assert list(table(COUNTS))[2:] == [
        "| `net-int8.tflite` | 1.60 M | 1.50 M | 140.0 M | 60.0 M | 0.80 M | 0.75 M | 70.0 M | 30.0 M |"
    ]


def test_a_file_without_a_count_per_frame_has_a_dash() -> None:
    works = {name: n for name, n in WORKS.items() if name.split()[1].isdigit()}
    assert list(table({"cortex-a72": works}))[2:] == ["| `net-int8.tflite` | 1.60 M | 1.50 M | – | – |"]


@pytest.mark.parametrize(("percent", "kept"), [(-20, True), (4.9, True), (5.1, False)])
def test_growth_above_five_percent_misses_the_bound(percent: float, kept: bool) -> None:
    runs = [more(percent), more(percent)]
    assert all(bound.kept for bound in bounds(runs, COUNTS)) is kept


def test_work_missing_in_the_baseline_misses_the_bound() -> None:
    before = {core: {name: n for name, n in works.items() if "frame" not in name} for core, works in COUNTS.items()}
    assert not all(bound.kept for bound in bounds([COUNTS, COUNTS], before))


@pytest.mark.parametrize(("percent", "kept"), [(0.09, True), (0.11, False)])
def test_runs_that_differ_miss_the_bound(percent: float, kept: bool) -> None:
    assert next(bounds([COUNTS, more(percent)], COUNTS)).kept is kept


def test_the_shipped_baseline_has_all_cores() -> None:
    assert set(msgspec.json.decode(BASELINE.read_bytes())) == set(CORES)
