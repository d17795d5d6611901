"""`digit-agent stats`: what the log tells."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile
from profiles.errors import UsageError

if TYPE_CHECKING:
    from agent.telemetry.report import Report


class Table(str, Enum):
    """Which rows `--csv` writes."""

    HOURS = "hours"
    DAYS = "days"
    READINGS = "readings"
    FAULTS = "faults"
    CHOICES = "choices"
    RUNS = "runs"


def stats(
    *,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The log. [default: that of 'digit-agent run' here]")
    ] = None,
    config: ConfigFile = None,
    last: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="How many days, hours, faults, readings, nets and runs. [default: 10; all as CSV]"
        ),
    ] = None,
    chart: Annotated[bool, typer.Option("--chart", help="The last hours as charts, instead of tables.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Rows for a spreadsheet, of what --table names.")] = False,
    table: Annotated[Table, typer.Option(help="Which rows --csv writes.")] = Table.HOURS,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw the last week as a picture, hour by hour.")
    ] = None,
) -> None:
    """Show what was read, how fast and at what cost, by day and by hour, and what went wrong.

    Examples: `digit-agent stats --last 3`, `digit-agent stats --csv --table readings > readings.csv`
    """
    if sum((chart, json, csv, plot is not None)) > 1:
        raise UsageError("--chart, --json, --csv and --plot are different ways to show the log; give one of them")
    import msgspec

    from agent.telemetry.report import opened, report
    from agent.views.csv_export import write_rows
    from agent.views.timeline import HOURS

    path = log or _configured(config)
    if csv:
        with opened(path) as connection:
            write_rows(connection, table.value, last or -1, sys.stdout)
        return
    told = report(path, HOURS if chart or plot else last or 10)
    if json:
        typer.echo(msgspec.json.encode(told))
    elif plot is not None:
        _plot(told, plot)
    else:
        _show(told, path, chart=chart)


def _configured(config: Path | None) -> Path:
    """Where `run` logs to when it is told nothing else."""
    from agent.config.layers import config_files, settle
    from agent.config.options import Config
    from agent.telemetry.schema import default_path
    from profiles.board import detect_board

    return settle(Config(), config_files(config), detect_board().profile).log or default_path()


def _plot(told: Report, plot: Path) -> None:
    from agent.views.plot import write_plot
    from agent.views.timeline import last_hours

    write_plot(last_hours(told.hours), plot)
    typer.echo(f"{plot} shows {len(told.hours)} hours")


def _show(told: Report, path: Path, *, chart: bool) -> None:
    """Tables or charts, and which log they are of."""
    from rich.console import Console

    from agent.views.chart import charts, hours_that_fit
    from agent.views.tables import report_tables
    from agent.views.timeline import last_hours

    console = Console()
    hours = last_hours(told.hours, hours_that_fit(console.width))
    for part in charts(hours, console.width) if chart else report_tables(told):
        console.print(part, "", sep="\n")
    nothing = "" if told.runs else ", nothing is logged yet"
    footer = f"log: {path}, {told.log_bytes / 1e6:.1f} MB{nothing}"
    console.print(footer, style="bright_black", markup=False, highlight=False, soft_wrap=True)
