"""`digit-deploy push`: a bundle to one or a few boards over ssh."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profiles.errors import InstallError

if TYPE_CHECKING:
    from deploy.push import Push


def push(
    hosts: Annotated[list[str], typer.Argument(metavar="HOST...", help="Boards, as ssh knows them; the first first.")],
    *,
    bundle: Annotated[Path, typer.Option(metavar="FILE", help="A file that 'digit-deploy bundle' made.")],
    allow_downgrade: Annotated[
        bool, typer.Option("--allow-downgrade", help="Install it even where a newer version is in use.")
    ] = False,
    ssh_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For ssh -F.", show_default="~/.ssh/config")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a board.")] = False,
) -> None:
    """Install a bundle on boards, one after the other, and stop at the first that fails.

    Each board verifies the bundle, tries it, and goes back by itself where it does not work. Those after one that
    failed stay as they are; push again when it is mended: boards that have the version stay as they are, too. For more
    than a few boards, see docs/fleet.md.

    Example: `digit-deploy push board1 pi@board2 --bundle digit-agent-1.4-pi4.bundle`
    """
    import msgspec

    from deploy.push import SSH
    from deploy.push import push as push_to

    ssh = SSH if ssh_config is None else (*SSH, "-F", str(ssh_config))
    for at, host in enumerate(hosts):
        try:
            pushed = push_to(bundle, host, allow_downgrade=allow_downgrade, ssh=ssh)
        except InstallError as error:
            left = hosts[at + 1 :]
            raise InstallError(f"{error}; untouched: {', '.join(left)}" if left else str(error)) from error
        typer.echo(msgspec.json.encode(pushed) if json else _words(pushed))


def _words(pushed: Push) -> str:
    if not pushed.changed:
        return f"{pushed.host}: version {pushed.version} is in use already"
    instead = f"version {pushed.previous}" if pushed.previous else "what shipped with the agent"
    return f"{pushed.host}: version {pushed.version} works and is in use, instead of {instead}"
