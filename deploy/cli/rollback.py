"""`digit-deploy rollback`: back to the version before."""

from __future__ import annotations

import typer

from deploy.cli.options import (
    FRAMES,
    ROOT,
    TIMEOUT_S,
    Frames,
    HealthFile,
    Json,
    Restart,
    Root,
    Timeout,
    this_machine,
)


def rollback(
    *,
    root: Root = ROOT,
    restart: Restart = None,
    health: HealthFile = None,
    frames: Frames = FRAMES,
    timeout: Timeout = TIMEOUT_S,
    json: Json = False,
) -> None:
    """Use the version in the other slot again, and start the service with it; a second rollback returns.

    An install that was interrupted is undone instead.

    Example: `sudo digit-deploy rollback`
    """
    import msgspec

    from deploy.install import roll_back

    machine = this_machine(restart=restart, health=health, frames=frames, timeout=timeout)
    outcome = roll_back(root, machine)
    if json:
        typer.echo(msgspec.json.encode(outcome))
        return
    now = f"version {outcome.version}" if outcome.version else "what shipped with the agent"
    typer.echo(f"{now} is in use again, instead of version {outcome.previous}")
