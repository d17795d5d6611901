"""`digit-deploy keygen`: make the keys that sign and verify bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def keygen(
    private: Annotated[
        Path, typer.Argument(metavar="FILE", help="Private key to write. The public key gets the suffix .pub.")
    ] = Path("deploy.key"),
) -> None:
    """Make a private key for this desktop and a public key for the boards.

    Keep the private key on this machine, with a copy in a safe place: who has it can install anything on your boards.

    Example: `digit-deploy keygen`, then `scp deploy.pub root@board:/etc/digit-agent/`
    """
    from deploy.sign import PUBLIC_KEY, make_keys

    public = make_keys(private)
    typer.echo(f"{private}: private key, to sign bundles; keep it on this machine")
    typer.echo(f"{public}: public key; copy it to {PUBLIC_KEY} on each board")
