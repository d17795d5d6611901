"""Figures of a run by kind; the expected ones are computed by hand."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from benchmarks.numbers.answer import FalseResult, StringResult
from benchmarks.numbers.figures import ALL, false_figures, reliability_table, string_figures
from benchmarks.numbers.plot import risk_coverage_plot
from benchmarks.numbers.tables import comparison_table, false_table, string_table

RESULTS = [
    StringResult("amounts", "100", "100", 0.99),
    StringResult("amounts", "250", "25", 0.95),
    StringResult("dates", "2711", "2711", 0.8),
    StringResult("dates, as written", "27/11", "27 11", 0.8),
    StringResult("dates", "1", "", 0.0),
]


def test_the_figures_of_a_kind() -> None:
    figures = string_figures(RESULTS)
    assert list(figures) == ["amounts", "dates", "dates, as written", ALL]
    amounts = figures["amounts"]
    assert (amounts.strings, amounts.exact, amounts.sure_wrong) == (2, 1, 1)
    assert amounts.character_error_rate == pytest.approx(1 / 6)
    assert amounts.wrong_at_coverage == pytest.approx((0, 0.5 / 1.5, 0.8 / 1.8, 0.5))
    assert amounts.coverage_at_wrong == (0.5, 0.5, 0.5)
    assert amounts.calibration_error == pytest.approx(0.97 - 0.5)


def test_each_picture_counts_once_among_all() -> None:
    figures = string_figures(RESULTS)[ALL]
    assert (figures.strings, figures.exact) == (4, 2)
    assert figures.character_error_rate == pytest.approx(2 / 11)
    assert sum(row.strings for row in reliability_table(RESULTS)) == 4


def test_false_digits_are_added_up_by_kind() -> None:
    figures = false_figures(
        [FalseResult("words", 5, 2, 1), FalseResult("pages", 1, 0, 0), FalseResult("words", 3, 1, 0)]
    )
    assert {kind: (one.things, one.digits, one.sure_digits) for kind, one in figures.items()} == {
        "words": (8, 3, 1),
        "pages": (1, 0, 0),
    }
    assert "| words | 8 | 3 | 1 | 12.5% |" in list(false_table(figures).markdown())


def test_the_tables_have_a_cell_for_each_column() -> None:
    figures = string_figures(RESULTS)
    for table in (string_table(figures), comparison_table("both", figures, figures, "other")):
        assert {len(row) for row in table.rows} == {len(table.head)}
        assert table.for_terminal().row_count == len(figures)
    assert "| amounts | 2 | 50.0% | 16.7% | 0.0% | 33.3% | 44.4% | 50.0% | 50% |" in "\n".join(
        string_table(figures).markdown()
    )


def test_the_plot_has_a_curve_for_each_name() -> None:
    names = ["all", "a & b", *(f"kind {number}" for number in range(10))]
    root = ET.fromstring(risk_coverage_plot(dict.fromkeys(names, RESULTS)))
    lines = root.findall("{*}polyline")
    assert len(lines) == 2 * len(names), "a curve and its key"
    texts = [text.text for text in root.findall("{*}text")]
    assert {f"{name} (5)" for name in names} <= set(texts)
    curve = [tuple(map(float, point.split(","))) for point in str(lines[0].get("points")).split()]
    assert [x for x, _ in curve] == sorted(x for x, _ in curve)
    assert curve[0][1] > curve[-1][1], "the most confident string is right, and one of all is not"
