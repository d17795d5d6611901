"""Options of the command line: the options in `agent.config.options` as Typer options, and options that commands share.

A new option of `digit-agent run` is added in `agent.config.options` and `agent.cli.run`, not here. This module has the
options of several commands that are not settings of a run, such as `--config`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.complete import sources
from agent.config.options import OPTIONS, Config

if TYPE_CHECKING:
    from agent.config.layers import Settings

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
    return typer.Option(
        *spellings,
        metavar=found.metavar,
        min=found.minimum,
        max=found.maximum,
        callback=_require_choice(found.choices) if found.choices else None,
        help=found.help,
        autocompletion=sources if name == "source" else None,
    )


def _require_choice(choices: tuple[str, ...]) -> Callable[[str | None], str | None]:
    def require(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(choices)}")
        return value

    return require


def settings_to_use(given: Config, config: Path | None) -> Settings:
    """Return the settings of `digit-agent run`, except that there is no log.

    Args:
        given: options of the command line; they win over the configuration.
        config: the only configuration file to read; None means the usual ones.

    Raises:
        ConfigError: a configuration file cannot be read or contains a mistake.
    """
    from agent.config.layers import config_files, resolve_settings
    from profiles.board import detect_board

    return resolve_settings(replace(given, no_log=True), config_files(config), detect_board().profile)
