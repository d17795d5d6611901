"""`digit-deploy install`: install a bundle on this board, and go back if it fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import (
    ALLOW_DOWNGRADE,
    FRAMES,
    TIMEOUT_S,
    Agent,
    Frames,
    HealthFile,
    Json,
    PublicKey,
    Restart,
    Root,
    Timeout,
    say,
    say_json,
    this_machine,
)
from profiles.paths import DEPLOY_ROOT

if TYPE_CHECKING:
    from deploy.bundle import Bundle
    from deploy.install import Outcome


def install(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="File that 'digit-deploy bundle' wrote; - is stdin.")
    ],
    *,
    public_key: PublicKey = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Verify the bundle and change nothing.")] = False,
    allow_downgrade: Annotated[bool, typer.Option("--allow-downgrade", help=ALLOW_DOWNGRADE)] = False,
    root: Root = DEPLOY_ROOT,
    agent: Agent = None,
    check: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Command that tests artifacts; the folder is appended.",
            show_default="digit-agent doctor --artifacts",
        ),
    ] = None,
    restart: Restart = None,
    health: HealthFile = None,
    frames: Frames = FRAMES,
    timeout: Timeout = TIMEOUT_S,
    json: Json = False,
) -> None:
    """Install a bundle, restart the service with it, and go back automatically if it does not work.

    Signature, checksums, board, version and free space are verified before anything changes. A bundle that is already
    in use is not installed again. A power loss at any moment leaves the old version or the new one.

    Example: `sudo digit-deploy install digit-agent-1.4-pi4.bundle`
    """
    import signal

    from deploy.bundle import open_bundle
    from deploy.install import install as run_install
    from deploy.install import verify
    from deploy.receive import received
    from deploy.trust import TRUSTED_KEYS, load_keys

    keys = load_keys(public_key or TRUSTED_KEYS)
    machine = this_machine(agent=agent, restart=restart, health=health, frames=frames, timeout=timeout, check=check)
    stdin = received(open(0, "rb", closefd=False), keys) if str(bundle) == "-" else nullcontext()  # noqa: SIM115
    with stdin as from_stdin:
        opened = from_stdin or open_bundle(bundle, keys)
        if dry_run:
            outcome = verify(opened, root, machine, allow_downgrade=allow_downgrade)
        else:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # an ssh connection that breaks
            outcome = run_install(opened, root, machine, allow_downgrade=allow_downgrade, progress=_progress())
    say_json(outcome) if json else say(_describe(outcome, _age(opened), dry_run=dry_run))


def _progress() -> Callable[[str], None]:
    """Return a function that prints each step, if stderr is a terminal. Errors of a closed terminal are ignored."""
    from rich.console import Console

    console = Console(stderr=True)

    def show(what: str) -> None:
        if console.is_terminal:
            with suppress(OSError):
                console.print(f"{what} …", style="bright_black", highlight=False)

    return show


def _age(bundle: Bundle) -> str:
    """Return how old a bundle is, to be put behind its version; empty if it does not say."""
    from deploy.manifest import describe_age

    age = describe_age(bundle.manifest, datetime.now(timezone.utc).date())
    return age and f" (made {age})"


def _describe(outcome: Outcome, age: str, *, dry_run: bool) -> str:
    if not outcome.changed:
        return f"version {outcome.version}{age} is already in use, in slot {outcome.slot}; nothing was changed"
    instead = f"version {outcome.previous}" if outcome.previous else "the version that shipped with the agent"
    if dry_run:
        return f"would install version {outcome.version}{age} into slot {outcome.slot}, instead of {instead}"
    return f"version {outcome.version}{age} works and is in use, in slot {outcome.slot}, instead of {instead}"
