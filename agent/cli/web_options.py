"""The options of a run for its web page: what it shows of them, and which of them it may change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from agent.camera_setup import CAMERA_OPTIONS, MOUNTING_OPTIONS
from agent.capture.uri import CameraSpec, parse_source
from agent.cli.config import option_rows
from agent.cli.config_check import find_problems
from agent.config.document import parse
from agent.config.layers import COMMAND_LINE, Settings
from agent.config.options import OPTIONS, TYPES, option_name
from agent.paths import CONFIG_FILE
from agent.web.config_editor import ConfigSource, lock
from agent.web.configuration import ShownOption

KINDS: dict[type, Literal["text", "integer", "number", "switch"]] = {int: "integer", float: "number", bool: "switch"}
LATER = ("decimal_comma", "keep_pictures", "pictures_mib")
"""Options that the page may change and that wait for a restart: no value of them keeps the agent from starting."""
CHANGEABLE = [
    name
    for name in dict.fromkeys(map(option_name, (*MOUNTING_OPTIONS, "control", *CAMERA_OPTIONS, *LATER)))
    if name != "password-file"
]
"""Options that the page may change, in its order. The others name files, addresses and secrets."""


def config_source(config: Path | None, configure: Callable[[], Settings]) -> ConfigSource:
    """Return where the options of a run come from.

    Args:
        config: the only configuration file; None means the usual ones.
        configure: resolves the settings anew.
    """
    file = (config or CONFIG_FILE).absolute()

    def options() -> tuple[ShownOption, ...]:
        return lock(sorted(map(_shown, option_rows(configure())), key=_place), frozenset(CHANGEABLE), COMMAND_LINE)

    def device() -> str | None:
        spec = parse_source(configure().source)
        return spec.device if isinstance(spec, CameraSpec) else None

    def problems(content: bytes) -> list[str]:
        found = find_problems(parse(content, file.parent))
        return [f"line {problem.line}: {problem.text}" for problem in found]

    named = () if config is None else ("--config", str(file))
    doctor = (sys.executable, "-c", "from agent.cli import main; main()", "doctor", "--json", *named)
    return ConfigSource(file, options, problems, frozenset(map(option_name, CAMERA_OPTIONS)), doctor, device)


def _shown(row: tuple[str, str | float | None, str]) -> ShownOption:
    name, value, origin = row
    field = name.replace("-", "_")
    option, kind = OPTIONS[field], KINDS.get(TYPES[field], "text")
    return ShownOption(name, value, origin, option.help, kind, option.choices, option.minimum, option.maximum)


def _place(option: ShownOption) -> int:
    return CHANGEABLE.index(option.name) if option.name in CHANGEABLE else len(CHANGEABLE)
