"""`digit-deploy install`: a bundle onto this board, and back where it fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import (
    FRAMES,
    ROOT,
    TIMEOUT_S,
    Agent,
    Frames,
    HealthFile,
    Json,
    Restart,
    Root,
    Timeout,
    this_machine,
)

if TYPE_CHECKING:
    from deploy.install import Outcome


def install(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A file that 'digit-deploy bundle' made.")],
    *,
    public_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Whose bundles to trust.", show_default="/etc/digit-agent/deploy.pub"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Verify all, touch nothing.")] = False,
    allow_downgrade: Annotated[
        bool, typer.Option("--allow-downgrade", help="Install it even where a newer version is in use.")
    ] = False,
    root: Root = ROOT,
    agent: Agent = None,
    check: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Tries the artifacts in the folder that is added to it.",
            show_default="digit-agent doctor --artifacts",
        ),
    ] = None,
    restart: Restart = None,
    health: HealthFile = None,
    frames: Frames = FRAMES,
    timeout: Timeout = TIMEOUT_S,
    json: Json = False,
) -> None:
    """Install a bundle, start the service with it, and go back by itself where it does not work.

    Signature, checksums, board, version and free space are verified before anything is touched. What is in use already
    is left as it is. A power cut at any moment leaves the old version or the new one.

    Example: `sudo digit-deploy install digit-agent-1.4-pi4.bundle`
    """
    import os
    import signal

    import msgspec

    from deploy.bundle import open_bundle
    from deploy.install import examine
    from deploy.install import install as run_install
    from deploy.sign import PUBLIC_KEY, load_public

    opened = open_bundle(bundle, load_public(public_key or PUBLIC_KEY))
    machine = this_machine(agent=agent, restart=restart, health=health, frames=frames, timeout=timeout, check=check)
    if dry_run:
        outcome = examine(opened, root, machine, allow_downgrade=allow_downgrade)
    else:
        os.umask(0o022)  # the service's user must be able to read it
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # an ssh connection that breaks
        outcome = run_install(opened, root, machine, allow_downgrade=allow_downgrade, tell=_progress())
    typer.echo(msgspec.json.encode(outcome) if json else _words(outcome, dry_run=dry_run))


def _progress() -> Callable[[str], None]:
    """Shows what is being done on a terminal, and goes on where whoever looked at it went away."""
    from rich.console import Console

    console = Console(stderr=True)

    def tell(what: str) -> None:
        if console.is_terminal:
            with suppress(OSError):
                console.print(f"{what} …", style="bright_black", highlight=False)

    return tell


def _words(outcome: Outcome, *, dry_run: bool) -> str:
    if not outcome.changed:
        return f"version {outcome.version} is in use already, in slot {outcome.slot}; nothing was changed"
    instead = f"version {outcome.previous}" if outcome.previous else "what shipped with the agent"
    if dry_run:
        return f"would install version {outcome.version} into slot {outcome.slot}, instead of {instead}"
    return f"version {outcome.version} works and is in use, in slot {outcome.slot}, instead of {instead}"
