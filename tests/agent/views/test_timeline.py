from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from rich.console import Console

from agent.telemetry.periods import Period, StageLatency
from agent.views.chart import ROWS, charts, hours_that_fit
from agent.views.plot import draw, nice_top, write_plot
from agent.views.timeline import MAX_HOURS, MIN_HOURS, Timeline, last_hours
from profiles.errors import OutputError

NEWEST = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
SVG = "{http://www.w3.org/2000/svg}"


def hour(back: int, p50_ms: float = 10.0, readings: int = 5, faults: int = 0) -> Period:
    latency = (StageLatency("total", 100, p50_ms, 2 * p50_ms, 3 * p50_ms),)
    start = (NEWEST - timedelta(hours=back)).isoformat(timespec="milliseconds")
    return Period(start, 3600, 100, 0, readings, faults, None, None, None, None, 0, latency)


def timeline(*hours: Period, limit: int = MAX_HOURS) -> Timeline:
    return last_hours(hours, limit, timezone.utc)


def chart_lines(shown: Timeline, width: int = 80) -> list[str]:
    console = Console(width=width, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        for part in charts(shown, width):
            console.print(part)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_hours_without_measurements_are_gaps() -> None:
    shown = timeline(hour(0), hour(2), hour(MIN_HOURS + 5))
    assert len(shown.starts) == MIN_HOURS + 6
    assert shown.series[0].lines["p95"][-3:] == (20.0, None, 20.0)
    assert shown.starts[-1] == NEWEST


@pytest.mark.parametrize(("limit", "count"), [(MAX_HOURS, MAX_HOURS), (72, 72)])
def test_a_plot_has_at_most_the_requested_hours(limit: int, count: int) -> None:
    assert len(timeline(*map(hour, range(400)), limit=limit).starts) == count


def test_series_without_values_are_omitted() -> None:
    assert [series.title for series in timeline(hour(0)).series] == ["latency from capture to result", "numbers read"]
    warm = replace(hour(1, faults=2), mean_mw=2500.0, max_c=61.5)
    assert [series.unit for series in timeline(hour(0), warm).series] == ["ms", "", "W", "°C", ""]
    assert timeline(warm).series[2].lines["power"][-1] == 2.5


def test_the_time_axis_is_labelled_every_six_hours() -> None:
    labels = timeline(*map(hour, range(30))).labels
    assert list(labels.values()) == ["12:00", "18:00", "11-22", "06:00", "12:00"]


def test_the_height_of_a_column_is_its_value() -> None:
    lines = chart_lines(timeline(hour(0, readings=10), hour(1, readings=5), hour(2, readings=1), hour(3, readings=0)))
    start = lines.index("numbers read") + 1
    columns = [line.ljust(80)[8:] for line in lines[start : start + ROWS]]
    heights = ["".join(column[cell] for column in columns) for cell in (71, 68, 65, 62)]
    assert heights == ["█████", "  ▄██", "    ▄", "     "]
    assert lines[start].startswith("    10 ┤")


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_charts_fit_their_width(width: int) -> None:
    shown = timeline(*map(hour, range(300)), limit=hours_that_fit(width))
    assert max(map(len, chart_lines(shown, width))) <= width


def test_the_plot_is_svg_with_one_column_per_hour() -> None:
    root = ET.fromstring(draw(timeline(*(hour(back, 1.0 + back, faults=1) for back in range(50)))))
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert len(titles) == 3 * 50
    assert "2026-11-22 12:00  p50 1 ms" in titles
    assert "2026-11-22 12:00  numbers 5" in titles
    words = {text.text for text in root.iter(f"{SVG}text")}
    assert {"numbers read", "faults", "p50", "p95", "p99", "11-22"} <= words


def test_an_empty_log_gives_an_empty_picture_and_chart() -> None:
    assert "nothing is logged yet" in draw(timeline())
    assert chart_lines(timeline()) == [""]


def test_a_plot_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_plot(timeline(hour(0)), tmp_path / "file" / "plot.svg")


@pytest.mark.parametrize(
    ("highest", "whole", "top"),
    [(0.37, False, 0.4), (198.3, False, 200), (1, True, 2), (3, True, 4), (7, True, 8), (41, True, 60), (0, True, 2)],
)
def test_an_axis_of_the_plot_ends_at_a_round_number(highest: float, whole: bool, top: float) -> None:
    assert nice_top(highest, whole=whole) == pytest.approx(top)
