"""`digit-deploy recover`: for the service, before it starts."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import ROOT, Json, Restart, Root, this_machine


def recover(
    *,
    root: Root = ROOT,
    restart: Restart = None,
    no_restart: Annotated[
        bool, typer.Option("--no-restart", help="Leave the service alone, because it is about to start.")
    ] = False,
    json: Json = False,
) -> None:
    """Undo an install that was cut off, by a power cut for example; the version before it is used.

    Nothing is done where nothing was cut off, or where an install is at work.

    Example: `ExecStartPre=+digit-deploy recover --no-restart`
    """
    import msgspec

    from deploy.install import recover as run_recover

    event = run_recover(root, None if no_restart else this_machine(restart=restart))
    if json:
        typer.echo(msgspec.json.encode({"changed": event is not None, "event": event}))
    elif event is not None:
        typer.echo(f"version {event.version} was {event.what}, because {event.reason}; the version before it is used")
