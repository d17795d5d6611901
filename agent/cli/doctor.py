"""`digit-agent doctor`: what works here, what does not, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, option

if TYPE_CHECKING:
    from rich.table import Table

    from agent.doctor import Check

MARKS = {"ok": "[green]✓[/]", "none": "[bright_black]–[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}


def doctor(
    *,
    root: Annotated[
        Path,
        typer.Option(metavar="DIR", exists=True, file_okay=False, help="The folder that is / for it, as an image's."),
    ] = Path("/"),
    artifacts: Annotated[Path | None, option("artifacts")] = None,
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what works on this machine, what does not, and what to do about it.

    Every runtime is really tried, in a process of its own. The exit code is 1 only when the agent could not read
    a single digit here.

    Example: `digit-agent doctor`
    """
    import msgspec
    from rich.console import Console

    from agent.config.layers import config_files
    from agent.doctor import configuration, examine
    from agent.sensors.command import run_command

    with Console(stderr=True).status("looking around") as status:
        configured, folder = configuration(config_files(config, root))
        checks = [configured, *examine(root, artifacts or folder, run_command, status.update)]
    works = all(check.state != "fail" for check in checks)
    if json:
        typer.echo(msgspec.json.encode({"works": works, "checks": checks}))
    else:
        Console().print(_table(checks))
    if not works:
        raise typer.Exit(1)


def _table(checks: list[Check]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        table.add_row(MARKS[check.state], check.name, Text(check.what))
        if check.advice:
            table.add_row("", "", Text(f"→ {check.advice}", style="cyan" if check.state != "ok" else "bright_black"))
    return table
