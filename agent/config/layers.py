"""The settings of a run: the command line wins over the files, the files over the board's profile and the defaults.

settings = resolve_settings(Config(width=1280), config_files(None), detect_board().profile)
print(settings.source, settings.origins["source"])
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from agent.config.document import Document, parse
from agent.config.options import OPTIONS, Config, conflicts, option_name
from agent.paths import CONFIG_FILE, default_artifacts, default_log, deployed_config
from profiles.errors import ConfigError, UsageError
from profiles.paths import DEPLOY_ROOT
from profiles.profile import Profile

COMMAND_LINE = "command line"
DEFAULT = "default"
DEFAULT_PICTURES_MIB = 64
"""Space for cut-outs, in MiB: about 10,000 of them. Raising it keeps older ones."""
MAX_BYTES = 2**20
"""Size from which a file is refused, in bytes. A configuration with every option takes a few thousand."""


@dataclass(frozen=True)
class ConfigLayer:
    """The options that one place sets, and where each of them is set."""

    config: Config
    origins: Mapping[str, str]
    """Where each option is set, as text for users, by the name of its field."""


@dataclass(frozen=True)
class Settings:
    """The value of every option, and where it comes from."""

    source: str
    password_file: Path | None
    patience: float | None
    every: float | None
    insecure: bool
    roi: str | None
    rotate: int | None
    flip: bool
    control: str | None
    form: Path | None
    """None reads numbers anywhere."""
    artifacts: Path
    json: bool
    sightings: bool
    no_dashboard: bool
    decimal_comma: bool | None
    """Whether a comma stands before the decimals of a number; None if this is not known."""
    log: Path | None
    """Path of the log; None keeps no log."""
    keep_pictures: str
    """Of which readings the log keeps a cut-out: none, unsure or all."""
    pictures_mib: int
    web: str | None
    """Address of the web page; None serves none."""
    web_password_file: Path | None
    web_name: str | None
    web_cert: Path | None
    """Certificate of the web page; None does not encrypt."""
    web_key: Path | None
    mqtt: str | None
    """Address of the MQTT broker; None sends nothing."""
    mqtt_password_file: Path | None
    mqtt_ca: Path | None
    mqtt_cert: Path | None
    mqtt_key: Path | None
    mqtt_picture: float | None
    home_assistant: bool
    webhook: str | None
    """Address of a web service; None sends nothing."""
    webhook_secret_file: Path | None
    metrics: str | None
    """Address of the figures for Prometheus; None serves none."""
    board_name: str | None
    frames: int | None
    seconds: float | None
    width: int
    height: int
    origins: Mapping[str, str]
    """Where each value comes from, as text for users, by the name of its field."""

    def changed(self, other: Settings) -> list[str]:
        """Return the names of the options that differ."""
        return [option_name(name) for name in self.origins if getattr(self, name) != getattr(other, name)]


def config_files(named: Path | None, root: Path = Path("/")) -> tuple[Path, ...]:
    """Return the configuration files to read; a later file wins over an earlier one.

    Args:
        named: the only file to read; None means the file of the installed bundle and CONFIG_FILE, if they exist.
        root: the folder that stands for `/` when the two default files are looked up.
    """
    if named is not None:
        return (named,)
    files = deployed_config(root / DEPLOY_ROOT.relative_to("/")), root / CONFIG_FILE.relative_to("/")
    return tuple(file for file in files if file is not None and file.exists())


def read_document(file: Path) -> Document:
    """Read a configuration file and collect its mistakes.

    Raises:
        ConfigError: the file is missing, too large, or cannot be read.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"there is no {file}", advice="name a configuration file, or omit --config") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror})", advice="check its permissions") from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{file} is too large for a configuration file", advice="check its name")
    return parse(content, file.absolute().parent)


def read_layer(file: Path) -> ConfigLayer:
    """Read the options that a configuration file sets.

    Raises:
        ConfigError: the file cannot be read or contains a mistake.
    """
    document = read_document(file)
    if document.problems:
        first, more = document.problems[0], len(document.problems) - 1
        others = f" (and {more} more: 'digit-agent config check {file}' lists them)" if more else ""
        where = f"{file}:{first.line}"
        if first.advice:
            raise ConfigError(f"{where}: {first.what}", advice=f"{first.advice}{others}")
        raise ConfigError(f"{where}: {first.what}{others}")
    return ConfigLayer(document.config, {name: f"{file}:{line}" for name, line in document.lines.items()})


def resolve_settings(given: Config, files: Iterable[Path], profile: Profile) -> Settings:
    """Combine the command line, the configuration files, the board's profile and the defaults.

    Args:
        given: the options of the command line.
        files: the configuration files; a later file wins over an earlier one.
        profile: the profile of this board.

    Raises:
        ConfigError: a file cannot be read or contains a mistake.
        UsageError: two options of the command line conflict.
    """
    for one, other, why in conflicts(given):
        raise UsageError(f"--{option_name(one)} and --{option_name(other)} {why}", advice="give one of them")
    camera = profile.camera
    board = Config(source=camera.source, width=camera.width, height=camera.height)
    built_in = Config(
        artifacts=default_artifacts(),
        insecure=False,
        flip=False,
        json=False,
        sightings=False,
        no_dashboard=False,
        no_log=False,
        home_assistant=False,
        keep_pictures="unsure",
        pictures_mib=DEFAULT_PICTURES_MIB,
    )
    lowest = _layer(built_in, DEFAULT), _layer(board, f"profile {profile.name}")
    values: dict[str, Any] = dict.fromkeys(OPTIONS)
    origins = dict.fromkeys(OPTIONS, DEFAULT)
    for layer in map(_without_aliases, (*lowest, *map(read_layer, files), _layer(given, COMMAND_LINE))):
        given_values = {name: value for name, value in vars(layer.config).items() if value is not None}
        values |= given_values
        origins |= {name: layer.origins[name] for name in given_values}
    if values["no_log"]:
        values["log"], origins["log"] = None, origins["no_log"]
    elif values["log"] == Path(os.devnull):
        values["log"], values["no_log"], origins["no_log"] = None, True, origins["log"]
    elif values["log"] is None:
        values["log"] = default_log()
    names = [field.name for field in fields(Settings) if field.name in OPTIONS]
    return Settings(**{name: values[name] for name in names}, origins={name: origins[name] for name in names})


def _layer(config: Config, origin: str) -> ConfigLayer:
    return ConfigLayer(config, dict.fromkeys(OPTIONS, origin))


def _without_aliases(layer: ConfigLayer) -> ConfigLayer:
    """Return the layer with the option `camera` renamed to `source`, and with `no_log` set to False if `log` is set.

    Layers in this form can override each other option by option.
    """
    config, origins = layer.config, dict(layer.origins)
    if config.camera is not None:
        config, origins["source"] = replace(config, source=config.camera, camera=None), origins["camera"]
    if config.log is not None:
        config, origins["no_log"] = replace(config, no_log=False), origins["log"]
    return ConfigLayer(config, origins)
