"""Options of the command line: the options in `agent.config.options` as Typer options, and options that commands share.

A new option of `digit-agent run` is added in `agent.config.options` and `agent.cli.run`, not here. This module has the
options of several commands that are no settings of a run, such as `--config`.
"""

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
        help="Configuration file; the command line wins over it. Default: /etc/digit-agent/config.toml, if it exists.",
    ),
]


def option(name: str) -> Any:
    """Return the Typer option for a field of `Config`, with its spelling, help and limits."""
    found = OPTIONS[name]
    spellings = () if found.switch is None else (found.switch,)
    return typer.Option(*spellings, metavar=found.metavar, min=found.minimum, max=found.maximum, help=found.help)


def artifacts_to_use(named: Path | None, config: Path | None) -> Path:
    """Return the named folder of artifacts, or the one that `digit-agent run` uses.

    Raises:
        ConfigError: a configuration file cannot be read or contains a mistake.
    """
    from agent.config.layers import config_files, resolve_settings
    from agent.config.options import Config
    from profiles.board import detect_board

    return named or resolve_settings(Config(), config_files(config), detect_board().profile).artifacts
