"""`digit-agent corrections`: take corrections of readings out of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import ConfigFile
from profiles.command_group import CommandGroup

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Take corrections of readings out of the log.")


@app.callback()
def group() -> None:
    """Take corrections of readings out of the log."""


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the pictures and their truth.")],
    *,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The log. [default: the log of 'digit-agent run' here]"),
    ] = None,
    group_name: Annotated[
        str, typer.Option("--group", metavar="NAME", help="Name of the writer or the place, to tell exports apart.")
    ] = "",
    config: ConfigFile = None,
) -> None:
    """Write all readings that people corrected or confirmed, each with its cut-out, as labelled pictures.

    `digit-agent web` and `run --web` have a page on which readings are corrected. A picture shows the reading and what
    stands around it, no more. Readings of which nobody could tell are left out.

    Example: `digit-agent corrections export corrections/ --group anna`
    """
    from agent.cli.stats import configured_log
    from agent.telemetry.corrections_export import export_corrections
    from profiles.foreign_text import show

    done = export_corrections(log or configured_log(config), folder, group_name)
    missing = f"; {done.without_picture} more have no picture" if done.without_picture else ""
    plural = "" if done.pictures == 1 else "s"
    typer.echo(f"{show(folder)} has {done.pictures} picture{plural}, {done.wrong} of them read wrongly{missing}")
