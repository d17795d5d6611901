"""`digit-deploy bundle`: write a signed bundle."""

from __future__ import annotations

import os
import time
from datetime import date, datetime, timezone
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Json, say, say_json
from profiles.errors import UsageError


def bundle(
    artifacts: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of artifacts that 'digit-convert' made.")],
    *,
    key: Annotated[Path, typer.Option(metavar="FILE", help="Private key from 'digit-deploy keygen'.")],
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="config.toml for the board. Default: keep the board's.")
    ] = None,
    with_agent: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with wheels of digit-agent and its dependencies ('pip wheel')."),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            metavar="V", help="Version of the bundle, such as 1.4.", show_default="version of the installed digit-agent"
        ),
    ] = None,
    min_agent: Annotated[
        str | None,
        typer.Option(
            metavar="V",
            help="Oldest version of digit-agent that can use the bundle.",
            show_default="version of the installed digit-agent",
        ),
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            formats=["%Y-%m-%d"],
            help="Last day, in UTC, on which boards accept the bundle, such as 2027-06-30.",
            show_default="none",
        ),
    ] = None,
    undated: Annotated[
        bool,
        typer.Option("--undated", help="Leave out the day on which the bundle is made, for boards with version 0.1."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to write.",
            show_default="digit-agent-, the version, the board or family, and .bundle",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write artifacts, and optionally configuration and agent, into one signed file.

    The same input gives the same bytes on the same day, and always with `--undated` or SOURCE_DATE_EPOCH.

    Example: `digit-deploy bundle artifacts/pi4 --key deploy.key --version 1.4`
    """
    from deploy.bundle import seal
    from deploy.pack import pack
    from deploy.sign import load_private
    from profiles.atomic_write import write_atomic

    ours = distribution_version("digit-agent")
    unsigned = pack(
        artifacts,
        config,
        with_agent,
        version=ours if version is None else version,
        min_agent=ours if min_agent is None else min_agent,
        expires=expires.date() if expires else None,
        made=None if undated else _today(),
    )
    manifest = unsigned.manifest
    sealed = seal(manifest, unsigned.contents, load_private(key))
    path = out or Path(f"digit-agent-{manifest.version}-{unsigned.target}.bundle")
    write_atomic(path, sealed)
    if config is not None:
        path.chmod(0o600)  # a source in the configuration may contain a password
    if json:
        summary = {"file": str(path), "bytes": len(sealed), "version": manifest.version, "agent": manifest.agent}
        say_json({**summary, "compatible": manifest.compatible, "min_agent": manifest.min_agent})
        return
    agent = f", with agent {manifest.agent}" if manifest.agent else ""
    until = f", until {expires:%Y-%m-%d}" if expires else ""
    say(f"{path}: version {manifest.version} for {', '.join(manifest.compatible)}{agent}{until}")
    say(f"{len(manifest.members)} files, {len(sealed):,} bytes; needs digit-agent {manifest.min_agent} or newer")


def _today() -> date:
    """Return the current day in UTC, or that of SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        return datetime.fromtimestamp(time.time() if epoch is None else int(epoch), timezone.utc).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"SOURCE_DATE_EPOCH {epoch!r} is not a time", advice="write seconds since 1970, or unset it"
        ) from None
