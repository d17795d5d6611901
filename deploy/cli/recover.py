"""`digit-deploy recover`: undo an interrupted installation before the service starts."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import Json, Restart, Root, say, say_json, this_machine
from profiles.paths import DEPLOY_ROOT


def recover(
    *,
    root: Root = DEPLOY_ROOT,
    restart: Restart = None,
    no_restart: Annotated[
        bool, typer.Option("--no-restart", help="Do not restart the service; it is about to start.")
    ] = False,
    json: Json = False,
) -> None:
    """Undo an installation that was interrupted, for example by a power loss.

    Nothing happens if no installation was interrupted. If one is running, the exit code is 75.

    Example: `ExecStartPre=+digit-deploy recover --no-restart`
    """
    from deploy.install import recover as run_recover

    event = run_recover(root, None if no_restart else this_machine(restart=restart))
    if json:
        say_json({"changed": event is not None, "event": event})
    elif event is not None:
        say(f"version {event.version} was {event.what}, because {event.reason}; the previous version is in use")
