"""The log as tables: recent runs and readings, the latest run's latency and power."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from agent.telemetry.report import Report, Run, VitalsRange
from agent.views.figures import count, duration, ms, power

LONG = ("source", "what")
"""Columns that may be folded."""


def report_tables(report: Report) -> Iterator[Table]:
    """Runs first, then what the latest one measured, readings, and events where there are any."""
    yield _runs(report)
    if report.runs:
        yield _latency(report)
        yield _vitals(report.runs[0], report.vitals)
    if report.readings:
        yield _readings(report)
    if report.events:
        events = _table("Events", "when", ">run", "what")
        for event in report.events:
            events.add_row(_local(event.at), str(event.run), Text(event.text))
        yield events


def _runs(report: Report) -> Table:
    table = _table("Runs", ">run", "started", ">took", ">frames", ">dropped", ">numbers", "source", "artifact")
    for run in report.runs:
        table.add_row(
            str(run.id),
            _local(run.started_at),
            _took(run),
            count(run.frames),
            count(run.dropped),
            count(run.readings),
            Text(run.source),
            Text(run.artifact),
        )
    return table


def _latency(report: Report) -> Table:
    table = _table(f"Latency of run {report.runs[0].id}, ms", "stage", ">p50", ">p95", ">p99", ">frames")
    for stage in report.latency:
        table.add_row(stage.stage, ms(stage.p50_ms), ms(stage.p95_ms), ms(stage.p99_ms), count(stage.frames))
    return table


def _vitals(run: Run, vitals: VitalsRange) -> Table:
    table = _table(
        f"Machine in run {run.id}: {run.board}", ">mean power", ">highest", ">hottest", ">throttled", ">samples"
    )
    unmeasured = "no sensor" if run.power_sensor is None else "–"
    table.add_row(
        power(vitals.mean_mw) if vitals.mean_mw is not None else unmeasured,
        power(vitals.max_mw) if vitals.max_mw is not None else unmeasured,
        f"{vitals.max_c:.1f} °C" if vitals.max_c is not None else "no sensor",
        count(vitals.throttled_samples),
        count(vitals.samples),
    )
    return table


def _readings(report: Report) -> Table:
    table = _table("Readings", "when", ">run", ">number", ">sure", "source")
    for reading in report.readings:
        sure = f"{reading.confidence:.0%}"
        table.add_row(_local(reading.at), str(reading.run), Text(reading.text), sure, Text(reading.source))
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


def _took(run: Run) -> str:
    if run.ended_at is None:
        return "–"
    return duration((datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds())


def _local(at: str) -> str:
    """A time of the log in local time, short enough not to be folded."""
    return f"{datetime.fromisoformat(at).astimezone():%m-%d %H:%M:%S}"
