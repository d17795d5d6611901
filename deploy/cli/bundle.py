"""`digit-deploy bundle`: one signed file of all that a board is to get."""

from __future__ import annotations

from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Json


def bundle(
    artifacts: Annotated[Path, typer.Argument(metavar="DIR", help="Artifacts that 'digit-convert' made.")],
    *,
    key: Annotated[Path, typer.Option(metavar="FILE", help="The private key of 'digit-deploy keygen'.")],
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="The board's configuration, config.toml.")] = None,
    with_agent: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Wheels of digit-agent and what it needs, by 'pip wheel'."),
    ] = None,
    version: Annotated[
        str | None, typer.Option(metavar="V", help="The bundle's version.", show_default="digit-agent's own")
    ] = None,
    min_agent: Annotated[
        str | None,
        typer.Option(metavar="V", help="The oldest agent that can use it.", show_default="digit-agent's own version"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write.", show_default="digit-agent-V-TARGET.bundle")
    ] = None,
    json: Json = False,
) -> None:
    """Put artifacts, and if wanted configuration and agent, into one signed file.

    The same input gives the same file, to the byte.

    Example: `digit-deploy bundle artifacts/pi4 --key deploy.key --version 1.4`
    """
    import msgspec

    from deploy.bundle import seal
    from deploy.pack import pack
    from deploy.sign import load_private
    from profiles.atomic_write import write_atomic

    ours = distribution_version("digit-agent")
    load = pack(artifacts, config, with_agent, version=version or ours, min_agent=min_agent or ours)
    manifest = load.manifest
    sealed = seal(manifest, load.contents, load_private(key))
    path = out or Path(f"digit-agent-{manifest.version}-{load.target}.bundle")
    write_atomic(path, sealed)
    if json:
        told = {"file": str(path), "bytes": len(sealed), "version": manifest.version, "agent": manifest.agent}
        typer.echo(msgspec.json.encode({**told, "compatible": manifest.compatible, "min_agent": manifest.min_agent}))
        return
    brings = f", with agent {manifest.agent}" if manifest.agent else ""
    typer.echo(f"{path}: version {manifest.version} for {', '.join(manifest.compatible)}{brings}")
    typer.echo(f"{len(manifest.members)} files, {len(sealed):,} bytes; needs digit-agent {manifest.min_agent} or newer")
