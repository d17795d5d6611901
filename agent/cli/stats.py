"""`digit-agent stats`: what the log tells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def stats(
    *,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The log, where 'run --log' put it elsewhere.")
    ] = None,
    last: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many days, hours, faults, readings, nets and runs.")
    ] = 10,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what was read, how fast and at what cost, by day and by hour, and what went wrong.

    Example: `digit-agent stats --last 3`
    """
    import msgspec
    from rich.console import Console

    from agent.telemetry.report import report
    from agent.telemetry.schema import default_path
    from agent.views.tables import report_tables

    path = log or default_path()
    told = report(path, last)
    if json:
        typer.echo(msgspec.json.encode(told))
        return
    console = Console()
    for table in report_tables(told):
        console.print(table, "")
    size = f"{told.log_bytes / 1e6:.1f} MB"
    nothing = "" if told.runs else ", nothing is logged yet"
    console.print(f"log: {path}, {size}{nothing}", style="bright_black", markup=False, highlight=False, soft_wrap=True)
