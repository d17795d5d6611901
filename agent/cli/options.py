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


def artifacts_to_use(named: Path | None, config: Path | None) -> Path:
    """The artifacts that were named, else those that `digit-agent run` reads with.

    Raises:
        ConfigError: a configuration file cannot be read, or something in it is wrong.
    """
    from agent.config.layers import config_files, settle
    from agent.config.options import Config
    from profiles.board import detect_board

    return named or settle(Config(), config_files(config), detect_board().profile).artifacts
