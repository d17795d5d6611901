"""The options of `agent.config` as a command line wants them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agent.config.options import OPTIONS

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="A file of options, which these win over. Default: /etc/digit-agent/config.toml, if it is there.",
    ),
]


def option(name: str) -> Any:
    """One of `agent.config.options` for a command's signature, with its help, its limits, and its spelling."""
    found = OPTIONS[name]
    spellings = () if found.switch is None else (found.switch,)
    return typer.Option(*spellings, metavar=found.metavar, min=found.least, max=found.most, help=found.help)
