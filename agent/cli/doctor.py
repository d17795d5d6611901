"""`digit-agent doctor`: check this machine and advise what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from agent.doctor import Check

MARKS = {"ok": "[green]✓[/]", "none": "[bright_black]–[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}


def doctor(
    *,
    root: Annotated[
        Path,
        typer.Option(
            metavar="DIR", exists=True, file_okay=False, help="Folder to use as /, for example a mounted SD card image."
        ),
    ] = Path("/"),
    artifacts: Annotated[Path | None, option("artifacts")] = None,
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object: works, roles, checks.")] = False,
) -> None:
    """Check what works on this machine, and say what to do about what does not.

    Every runtime is tested in its own process. The exit code is 1 only if the agent cannot read digits here.

    Example: `digit-agent doctor`
    """
    from rich.console import Console

    from agent.config.layers import config_files
    from agent.doctor import Diagnosis, check_configuration, examine
    from agent.sensors.sources import run_command
    from agent.views.foreign import foreign
    from profiles.foreign_text import to_json

    with Console(stderr=True).status("checking") as status:
        configuration, folder = check_configuration(config_files(config, root))
        examined = examine(root, artifacts or folder, run_command, lambda text: status.update(foreign(text)))
        diagnosis = Diagnosis((configuration, *examined.checks), examined.roles)
    if json:
        fields = {"works": diagnosis.works, "roles": diagnosis.roles, "checks": diagnosis.checks}
        typer.echo(to_json(fields))
    else:
        Console().print(_table(diagnosis.checks))
    if not diagnosis.works:
        raise typer.Exit(1)


def _table(checks: Sequence[Check]) -> Table:
    from rich.table import Table

    from agent.views.foreign import foreign

    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        table.add_row(MARKS[check.state], foreign(check.name), foreign(check.what))
        if check.advice:
            table.add_row("", "", foreign(f"→ {check.advice}", style="cyan" if check.state != "ok" else "bright_black"))
    return table
