"""The log as tables: what was measured by day and hour, faults, readings, and runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from agent.telemetry.periods import Period
from agent.telemetry.report import Report
from agent.views.figures import count, duration, ms

LONG = ("source", "what", "net", "why")
"""Columns that may be folded."""
NONE = "–"
MJ_PER_WH = 3.6e6


def report_tables(report: Report) -> Iterator[Table]:
    """Days and hours first, then the newest day's stages, and the newest of everything else that there is."""
    if report.days:
        yield _periods("By day", report.days)
        yield _periods("By hour", report.hours)
        yield from _stages(report.days[0])
    if report.faults:
        faults = _table("Faults", "when", ">run", "what")
        for fault in report.faults:
            faults.add_row(local(fault.at), str(fault.run), Text(fault.text))
        yield faults
    if report.readings:
        yield _readings(report)
    if report.choices:
        choices = _table("Nets chosen", "when", ">run", "net", "why")
        for choice in report.choices:
            net = Text(f"{choice.artifact} in {choice.runtime}")
            choices.add_row(local(choice.at), str(choice.run), net, Text(choice.reason))
        yield choices
    if report.runs:
        yield _runs(report)


def _periods(title: str, periods: Sequence[Period]) -> Table:
    table = _table(
        f"{title}: ms from capture to result, mean W, Wh, hottest °C",
        *("when", ">ran", ">frames", ">numbers", ">p50", ">p95", ">p99"),
        *(">W", ">Wh", ">°C", ">faults"),
    )
    for period in periods:
        total = period.total
        table.add_row(
            when(period),
            _hours(period.seconds),
            _short(period.frames),
            _short(period.readings),
            *((ms(total.p50_ms), ms(total.p95_ms), ms(total.p99_ms)) if total is not None else (NONE,) * 3),
            f"{period.mean_mw / 1000:.2f}" if period.mean_mw is not None else NONE,
            f"{period.energy_mj / MJ_PER_WH:.2f}" if period.energy_mj is not None else NONE,
            _heat(period),
            Text(count(period.faults), style="yellow" if period.faults else ""),
        )
    return table


def _stages(day: Period) -> Iterator[Table]:
    if day.latency:
        table = _table(f"Stages on {day.start}, ms", "stage", ">p50", ">p95", ">p99", ">frames")
        for stage in day.latency:
            table.add_row(stage.stage, ms(stage.p50_ms), ms(stage.p95_ms), ms(stage.p99_ms), count(stage.frames))
        yield table


def _runs(report: Report) -> Table:
    table = _table("Runs", ">run", "started", ">took", ">frames", ">dropped", ">numbers", ">lost", "source")
    for run in report.runs:
        table.add_row(
            str(run.id),
            local(run.started_at),
            duration(run.seconds) + ("" if run.ended else "…"),
            count(run.frames),
            count(run.dropped),
            count(run.readings),
            Text(count(run.lost), style="yellow" if run.lost else ""),
            Text(f"{run.source}, on {run.board}"),
        )
    return table


def _readings(report: Report) -> Table:
    table = _table("Readings", "when", ">run", ">number", ">sure", "source")
    for reading in report.readings:
        sure = f"{reading.confidence:.0%}"
        table.add_row(local(reading.at), str(reading.run), Text(reading.text), sure, Text(reading.source))
    return table


def _table(title: str, *columns: str) -> Table:
    """A table without rows; a column whose name begins with ">" stands to the right."""
    table = Table(
        title=title, title_justify="left", title_style="bold cyan", box=SIMPLE_HEAD, show_edge=False, padding=0
    )
    for column in columns:
        name = column.removeprefix(">")
        justify: JustifyMethod = "left" if name == column else "right"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name not in LONG)
    return table


def when(period: Period) -> str:
    """An hour in local time, or a day."""
    return f"{datetime.fromisoformat(period.start).astimezone():%m-%d %H:%M}" if "T" in period.start else period.start


def local(at: str) -> str:
    """A time of the log in local time, short enough not to be folded."""
    return f"{datetime.fromisoformat(at).astimezone():%m-%d %H:%M:%S}"


def _hours(seconds: float) -> str:
    """Hours and minutes."""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _short(number: int) -> str:
    """A count in at most five characters: 12345, 123k, 12.3M."""
    if number < 100_000:
        return str(number)
    return f"{number / 1000:.0f}k" if number < 1_000_000 else f"{number / 1e6:.1f}M"


def _heat(period: Period) -> Text:
    """The highest temperature, red where the board was held back."""
    hottest = f"{period.max_c:.0f}" if period.max_c is not None else NONE
    return Text(hottest, style="red" if period.throttled_s else "")
