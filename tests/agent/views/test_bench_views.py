from __future__ import annotations

import io
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from agent.bench import Bench, BenchRow, RoleBench
from agent.choice.cold_start import ColdStart
from agent.choice.measurement import Energy, Measurement, Timing
from agent.choice.variants import Variant
from agent.system_info import system_info, system_state
from agent.views.bench_table import bench_table, energy_line, throttling_line
from agent.views.frontier import WIDTH, LogAxis, Rectangle, frontier, pareto_front
from profiles.profile import Budget

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

SVG = "{http://www.w3.org/2000/svg}"


def row(linear: Linear, us: float, kb: float, *, fit: bool = True, energy: Energy | None = None) -> BenchRow:
    """Return a variant that takes `us` microseconds per digit, with a file of `kb` kilobytes."""
    artifact = linear.artifact("linear.onnx", bytes=int(1000 * kb), tier=f"{us:g} & {kb:g}")
    timing = Timing(1, 9, us, us, us, us, us, (us,) * 9)
    return BenchRow(
        Measurement(Variant(artifact, "onnxruntime", "", 1), (timing,), energy), ColdStart(40.0, 10_000_000), fit
    )


def bench(*rows: BenchRow, winner: BenchRow | None) -> Bench:
    role_bench = RoleBench("classifier", rows, winner, "fastest")
    return Bench("A board", Budget(), (role_bench,), (), system_info(), system_state(), system_state())


def test_the_frontier_has_the_variants_that_no_other_beats_in_time_and_size(linear: Linear) -> None:
    best, small, smaller = row(linear, 10, 100), row(linear, 20, 50), row(linear, 40, 20)
    beaten = [row(linear, 15, 100), row(linear, 20, 60), row(linear, 50, 20), row(linear, 99, 99)]
    assert pareto_front([*beaten, smaller, best, small]) == [best, small, smaller]


def test_the_picture_names_the_frontier_and_marks_the_winner(linear: Linear) -> None:
    winner, small, poor = row(linear, 10, 100), row(linear, 20, 50), row(linear, 5, 20, fit=False)
    beaten = row(linear, 15, 100)
    svg = ET.fromstring(frontier(bench(winner, small, poor, beaten, winner=winner)))
    dots = svg.findall(f".//{SVG}circle")
    assert len(dots) == 4
    assert [dot.get("fill") == "white" for dot in dots] == [False, False, True, False], (
        "a hollow dot is below the required accuracy"
    )
    assert [float(dot.get("r", 0)) > 5 for dot in dots] == [True, False, False, False]
    names = [text.text for text in svg.findall(f".//{SVG}text") if "99.50%" in (text.text or "")]
    assert names == [
        "10 & 100 fp32 ONNX, onnxruntime · 99.50%",
        "20 & 50 fp32 ONNX, onnxruntime · 99.50%",
    ]


@pytest.mark.parametrize(
    ("count", "faster", "smaller"),
    [
        pytest.param(1, 1, 1, id="one"),
        pytest.param(2, 1.01, 0.99, id="two-close-together"),
        pytest.param(12, 1.01, 0.99, id="twelve-close-together"),
        pytest.param(8, 1.3, 0.7, id="on-a-diagonal"),
        pytest.param(8, 1.0001, 0.7, id="one-above-the-other"),
        pytest.param(8, 1.5, 0.9999, id="side-by-side"),
    ],
)
def test_labels_cover_no_dot_and_no_other_label(linear: Linear, count: int, faster: float, smaller: float) -> None:
    rows = [row(linear, 10 * faster**i, 100 * smaller**i) for i in range(count)]
    beaten = [row(linear, 10.5 * faster**i, 104 * smaller**i) for i in range(count)]
    svg = ET.fromstring(frontier(bench(*rows, *beaten, winner=rows[-1])))
    labels = [
        Rectangle(x, y - 11, x + 5.5 * len(text.text), y + 2)
        for text in svg.findall(f".//{SVG}text")
        if text.text and "99.50%" in text.text
        for x, y in [(float(text.get("x", "nan")), float(text.get("y", "nan")))]
    ]
    dots = [(float(dot.get("cx", "nan")), float(dot.get("cy", "nan"))) for dot in svg.findall(f".//{SVG}circle")]
    assert len(labels) == count
    assert len(dots) == 2 * count
    assert not any(one.overlaps(other) for one, other in itertools.combinations(labels, 2))
    assert not any(label.overlaps(Rectangle(x - 4, y - 4, x + 4, y + 4)) for label in labels for x, y in dots)
    assert all(0 < x < WIDTH for x, _ in dots)
    assert all(label.left > 0 and label.right < WIDTH for label in labels)


def test_ticks_are_round_numbers_on_the_axis() -> None:
    assert LogAxis(8, 300, 0, 100).ticks() == [10, 20, 50, 100, 200]
    assert LogAxis(0.9, 1.1, 0, 100).ticks() == [1]


def test_the_energy_line_names_the_sensor_and_the_rate(linear: Linear) -> None:
    energy = Energy("PMIC, sum of 12 rails: without what USB draws", (0.2, 0.3, 0.2), 3600.0, 2200.0, 30, 9.8)
    measured = row(linear, 10, 100, energy=energy)
    assert energy_line(bench(measured, winner=measured)) == (
        "energy: PMIC, sum of 12 rails: without what USB draws; 9.8 samples per second, idle power (2200 mW when idle) "
        "not subtracted"
    )
    blind = row(linear, 10, 100)
    assert "not measurable on this board" in energy_line(bench(blind, winner=blind))


def test_the_table_fits_a_narrow_terminal_and_has_every_figure(linear: Linear) -> None:
    energy = Energy("a sensor", (0.13,) * 3, 3600.0, 2000.0, 30, 9.9)
    fast, poor = row(linear, 12.5, 100, energy=energy), row(linear, 98765, 200, energy=energy)
    console = Console(width=80, file=io.StringIO(), color_system=None)
    console.print(bench_table("A board", bench(fast, poor, winner=fast).roles[0]))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    for figure in ("12.5", "98765", "80,000", "99.50%", "40 ms", "10 MB", "0.13", "3600", "mJ", "mW", "±0%"):
        assert figure in shown
    assert shown.count("▶") == 1


def test_throttling_during_the_measurement_is_reported(linear: Linear) -> None:
    result = bench(row(linear, 10, 100), winner=None)
    assert throttling_line(result) == ""
    hot = replace(result, after=replace(result.after, throttling=("soft temperature limit",)))
    assert throttling_line(hot) == (
        "the board was throttled (soft temperature limit): the board is too hot: give it a heat sink, a fan or a "
        "cooler place, then measure again"
    )
