"""`digit-agent stats`: show the log."""

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


class LogTable(str, Enum):
    """The tables that `--csv` can write."""

    HOURS = "hours"
    DAYS = "days"
    READINGS = "readings"
    RECORDS = "records"
    FAULTS = "faults"
    CHOICES = "choices"
    RUNS = "runs"


def stats(
    *,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The log. [default: the log of 'digit-agent run' here]"),
    ] = None,
    config: ConfigFile = None,
    last: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Number of newest rows of each table. [default: 10; with --csv: all]",
        ),
    ] = None,
    chart: Annotated[bool, typer.Option("--chart", help="Show the last hours as charts instead of tables.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print one table as CSV; choose it with --table.")] = False,
    table: Annotated[LogTable | None, typer.Option(help="The table that --csv prints. [default: hours]")] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.svg", help="Write an SVG picture of the last week, one column per hour."),
    ] = None,
) -> None:
    """Show readings, latency, power and faults from the log, by day and by hour.

    Examples: `digit-agent stats --last 3`, `digit-agent stats --csv --table readings > readings.csv`
    """
    if sum((chart, json, csv, plot is not None)) > 1:
        raise UsageError("--chart, --json, --csv and --plot exclude each other", advice="give one of them")
    if table and not csv:
        raise UsageError("--table is for --csv", advice="add --csv, or omit --table")
    from agent.telemetry.report import open_log, report
    from agent.views.csv_export import write_rows
    from agent.views.timeline import MAX_HOURS
    from profiles.foreign_text import to_json

    path = log or configured_log(config)
    if csv:
        with open_log(path) as connection:
            write_rows(connection, (table or LogTable.HOURS).value, last or -1, sys.stdout)
        return
    content = report(path, MAX_HOURS if chart or plot else last or 10)
    if json:
        typer.echo(to_json(content))
    elif plot is not None:
        _plot(content, plot)
    else:
        _show(content, path, chart=chart)


def configured_log(config: Path | None) -> Path:
    """Return the log that `digit-agent run` writes."""
    from agent.config.layers import config_files, resolve_settings
    from agent.config.options import Config
    from agent.paths import default_log
    from profiles.board import detect_board

    return resolve_settings(Config(), config_files(config), detect_board().profile).log or default_log()


def _plot(report: Report, plot: Path) -> None:
    from agent.views.plot import write_plot
    from agent.views.timeline import last_hours
    from profiles.foreign_text import show

    write_plot(last_hours(report.hours), plot)
    count = len(report.hours)
    typer.echo(f"{show(plot)} shows {count} hour{'' if count == 1 else 's'}")


def _show(report: Report, path: Path, *, chart: bool) -> None:
    """Print tables or charts, and the path and the size of the log."""
    from rich.console import Console

    from agent.views.chart import charts, hours_that_fit
    from agent.views.foreign import foreign
    from agent.views.tables import report_tables
    from agent.views.timeline import last_hours

    console = Console()
    hours = last_hours(report.hours, hours_that_fit(console.width))
    for part in charts(hours, console.width) if chart else report_tables(report):
        console.print(part, "", sep="\n")
    nothing = "" if report.runs else ", nothing is logged yet"
    footer = foreign(f"log: {path}, {report.log_bytes / 1e6:.1f} MB{nothing}", style="bright_black")
    console.print(footer, highlight=False, soft_wrap=True)
