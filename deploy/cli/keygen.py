"""`digit-deploy keygen`: the pair of keys that bundles are signed and checked with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def keygen(
    private: Annotated[Path, typer.Argument(metavar="FILE", help="The private key to write.")] = Path("deploy.key"),
) -> None:
    """Make a private key for this desktop, and its public half for the boards.

    Keep the private one here and a copy in a safe place: who has it can install what they like on your boards.

    Example: `digit-deploy keygen`, then `scp deploy.pub root@board:/etc/digit-agent/`
    """
    from deploy.sign import PUBLIC_KEY, make_keys

    public = make_keys(private)
    typer.echo(f"{private}: sign with it; it stays here, and nobody else may read it")
    typer.echo(f"{public}: copy it to {PUBLIC_KEY} on each board")
