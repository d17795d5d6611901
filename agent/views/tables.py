"""The log as tables: measurements by day and hour, faults, readings, records, chosen nets and runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from agent.telemetry.periods import Period
from agent.telemetry.report import Report
from agent.views.foreign import foreign
from agent.views.units import format_count, format_duration, format_ms

LONG = ("source", "what", "net", "why", "values", "to check")
"""Columns in which text may be wrapped."""
NONE = "–"
MJ_PER_WH = 3.6e6


def report_tables(report: Report) -> Iterator[Table]:
    """Yield the tables that have rows, the measurements by day first."""
    if report.days:
        yield _periods("By day", report.days)
        yield _periods("By hour", report.hours)
        yield from _stages(report.days[0])
    if report.faults:
        faults = _table("Faults", "time", ">run", "what")
        for fault in report.faults:
            faults.add_row(local(fault.at), str(fault.run), foreign(fault.text))
        yield faults
    if report.readings:
        yield _readings(report)
    if report.records:
        yield _records(report)
    if report.choices:
        choices = _table("Chosen nets", "time", ">run", "net", "why")
        for choice in report.choices:
            net = foreign(f"{choice.artifact} in {choice.runtime}")
            choices.add_row(local(choice.at), str(choice.run), net, foreign(choice.reason))
        yield choices
    if report.runs:
        yield _runs(report)


def _periods(title: str, periods: Sequence[Period]) -> Table:
    table = _table(
        f"{title}: latency in ms from capture to result, mean W, Wh, highest °C",
        *("start", ">ran", ">frames", ">numbers", ">p50", ">p95", ">p99"),
        *(">W", ">Wh", ">°C", ">faults"),
    )
    for period in periods:
        total = period.total
        table.add_row(
            when(period),
            _hours(period.seconds),
            _short(period.frames),
            _short(period.readings),
            *(
                (format_ms(total.p50_ms), format_ms(total.p95_ms), format_ms(total.p99_ms))
                if total is not None
                else (NONE,) * 3
            ),
            f"{period.mean_mw / 1000:.2f}" if period.mean_mw is not None else NONE,
            f"{period.energy_mj / MJ_PER_WH:.2f}" if period.energy_mj is not None else NONE,
            _highest_temperature(period),
            Text(format_count(period.faults), style="yellow" if period.faults else ""),
        )
    return table


def _stages(day: Period) -> Iterator[Table]:
    if day.latency:
        table = _table(f"Stages on {day.start}, ms", "stage", ">p50", ">p95", ">p99", ">frames")
        for stage in day.latency:
            table.add_row(
                foreign(stage.stage),
                format_ms(stage.p50_ms),
                format_ms(stage.p95_ms),
                format_ms(stage.p99_ms),
                format_count(stage.frames),
            )
        yield table


def _runs(report: Report) -> Table:
    table = _table("Runs", ">run", "started", ">took", ">frames", ">dropped", ">numbers", ">lost", "source")
    for run in report.runs:
        table.add_row(
            str(run.id),
            local(run.started_at),
            format_duration(run.seconds) + ("" if run.ended else "…"),
            format_count(run.frames),
            format_count(run.dropped),
            format_count(run.readings),
            Text(format_count(run.lost), style="yellow" if run.lost else ""),
            foreign(f"{run.source}, on {run.board}"),
        )
    return table


def _readings(report: Report) -> Table:
    table = _table("Readings", "time", ">run", ">number", ">confidence", "source")
    for reading in report.readings:
        confidence = f"{reading.confidence:.0%}"
        table.add_row(local(reading.at), str(reading.run), foreign(reading.text), confidence, foreign(reading.source))
    return table


def _records(report: Report) -> Table:
    table = _table("Records of sheets", "time", ">run", "form", "values", "to check")
    for record in report.records:
        values = ", ".join(f"{field.name} {field.value or field.text or NONE}" for field in record.fields)
        to_check = Text(foreign(", ".join(record.to_check)).plain, style="yellow")
        table.add_row(local(record.at), str(record.run), foreign(record.form), foreign(values), to_check)
    return table


def _table(title: str, *columns: str) -> Table:
    """Return a table without rows; a ">" before the name of a column aligns the column to the right."""
    table = Table(
        title=title, title_justify="left", title_style="bold cyan", box=SIMPLE_HEAD, show_edge=False, padding=0
    )
    for column in columns:
        name = column.removeprefix(">")
        justify: JustifyMethod = "left" if name == column else "right"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name not in LONG)
    return table


def when(period: Period) -> str:
    """Format the start of an hour in local time, or the date of a day."""
    return f"{datetime.fromisoformat(period.start).astimezone():%m-%d %H:%M}" if "T" in period.start else period.start


def local(at: str) -> str:
    """Format a time of the log in local time, short enough for one line."""
    return f"{datetime.fromisoformat(at).astimezone():%m-%d %H:%M:%S}"


def _hours(seconds: float) -> str:
    """Format seconds as hours and minutes, or as seconds below a minute."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _short(number: int) -> str:
    """Format a count in at most five characters: 12345, 123k, 12.3M."""
    if number < 100_000:
        return str(number)
    return f"{number / 1000:.0f}k" if number < 1_000_000 else f"{number / 1e6:.1f}M"


def _highest_temperature(period: Period) -> Text:
    """Return the highest temperature, in red if the board was throttled."""
    hottest = f"{period.max_c:.0f}" if period.max_c is not None else NONE
    return Text(hottest, style="red" if period.throttled_s else "")
