"""`digit-deploy push`: install a bundle on one or a few boards over ssh."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import ALLOW_DOWNGRADE, say, say_json
from profiles.errors import InstallError

if TYPE_CHECKING:
    from deploy.push import PushResult


def push(
    hosts: Annotated[list[str], typer.Argument(metavar="HOST...", help="Boards, as for ssh; in this order.")],
    *,
    bundle: Annotated[Path, typer.Option(metavar="FILE", help="File that 'digit-deploy bundle' wrote.")],
    allow_downgrade: Annotated[bool, typer.Option("--allow-downgrade", help=ALLOW_DOWNGRADE)] = False,
    ssh_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Configuration file for ssh -F.", show_default="~/.ssh/config")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each board.")] = False,
) -> None:
    """Install a bundle on boards, one after another, and stop at the first that fails.

    Each board verifies the bundle, tries it, and goes back automatically if it does not work. After a failure the
    remaining boards are unchanged: repair the cause and push again. Boards that have the version are skipped. For more
    than a few boards, see docs/fleet.md.

    Example: `digit-deploy push board1 pi@board2 --bundle digit-agent-1.4-pi4.bundle`
    """
    from deploy.push import SSH
    from deploy.push import push as push_to

    ssh = SSH if ssh_config is None else (*SSH, "-F", str(ssh_config))
    for at, host in enumerate(hosts):
        try:
            pushed = push_to(bundle, host, allow_downgrade=allow_downgrade, ssh=ssh)
        except InstallError as error:
            left = hosts[at + 1 :]
            if not left:
                raise
            raise InstallError(f"{error.what}; not installed on: {', '.join(left)}", advice=error.advice) from error
        say_json(pushed) if json else say(_describe(pushed))


def _describe(pushed: PushResult) -> str:
    if not pushed.changed:
        return f"{pushed.host}: version {pushed.version} is already in use"
    instead = f"version {pushed.previous}" if pushed.previous else "the version that shipped with the agent"
    return f"{pushed.host}: version {pushed.version} works and is in use, instead of {instead}"
