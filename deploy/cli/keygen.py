"""`digit-deploy keygen`: make the keys that sign and verify bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import say


def keygen(
    private: Annotated[
        Path, typer.Argument(metavar="FILE", help="Private key to write. The public key gets the suffix .pub.")
    ] = Path("deploy.key"),
    *,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the key, which boards show.", show_default="deploy-, and the date"),
    ] = None,
) -> None:
    """Make a private key for this desktop and a public key for the boards.

    Keep the private key on this machine, with a copy in a safe place: anyone who has it can install anything on your
    boards.
    The public key is one line. A board accepts each key that has its line in `/etc/digit-agent/deploy.pub`.

    Example: `digit-deploy keygen --name office-2026`, then `scp deploy.pub root@board:/etc/digit-agent/`
    """
    from datetime import datetime, timezone

    from deploy.sign import make_keys
    from deploy.trust import TRUSTED_KEYS

    named = f"deploy-{datetime.now(timezone.utc):%Y-%m-%d}" if name is None else name
    public = make_keys(private, named)
    say(f"{private}: private key {named}, to sign bundles; keep it on this machine")
    say(f"{public}: public key; copy it to {TRUSTED_KEYS} on each board, or add its line there")
