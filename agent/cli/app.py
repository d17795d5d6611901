"""The Typer application `digit-agent` with all its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli import bench, config, corrections, doctor, form, learn, read, run, service, stats, web
from profiles.command_group import CommandGroup
from profiles.terminal import show_version

app = typer.Typer(
    name="digit-agent",
    cls=CommandGroup,
    help="Read handwritten numbers from a camera or from pictures, with the net that measured best on this board.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Define the options that come before a command."""


app.command()(run.run)
app.command()(read.read)
app.command()(stats.stats)
app.command()(web.web)
app.command()(bench.bench)
app.command()(doctor.doctor)
app.command()(learn.learn)
app.add_typer(config.app, name="config", help="Show the settings of `digit-agent run`, or check a configuration file.")
app.add_typer(corrections.app, name="corrections", help="Take corrections of readings out of the log.")
app.add_typer(form.app, name="form", help="Make, check, show and print forms for `digit-agent read --form`.")
app.add_typer(service.app, name="service", help="Install or uninstall the systemd service.")
