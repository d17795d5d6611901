"""The commands of `digit-deploy`."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli import bundle, fleet, history, install, keygen, push, receive, recover, rollback, status
from profiles.command_group import CommandGroup
from profiles.terminal import show_version

app = typer.Typer(
    name="digit-deploy",
    cls=CommandGroup,
    help="""Install artifacts and agent on boards from one signed file, with automatic rollback.

On the desktop, once: `digit-deploy keygen`, and copy `deploy.pub` to each board's `/etc/digit-agent/`. Then:

`digit-deploy bundle artifacts/pi4 --key deploy.key --version 1.4`

`digit-deploy push pi@board --bundle digit-agent-1.4-pi4.bundle`, or on the board itself:

`sudo digit-deploy install digit-agent-1.4-pi4.bundle`
""",
    epilog="Exit codes: 0 success, 1 refused or rolled back, 2 wrong usage, 75 another digit-deploy is running.",
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


app.command()(keygen.keygen)
app.command()(bundle.bundle)
app.command()(install.install)
app.command()(push.push)
app.command()(receive.receive)
app.command()(status.status)
app.command()(rollback.rollback)
app.command()(history.history)
app.command()(recover.recover)
app.add_typer(fleet.app, name="fleet")
