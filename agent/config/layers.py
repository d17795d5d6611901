"""What holds in the end: the command line before the file, the file before the board's profile and the defaults.

settings = settle(Config(width=1280), read_file(None), detect_board().profile)
print(settings.source, settings.origins["source"])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from agent.config.document import Document, parse
from agent.config.options import OPTIONS, Config, contradictions, spelling
from agent.paths import DEPLOYED, default_artifacts, deployed_config
from agent.telemetry.schema import default_path
from profiles.errors import ConfigError, UsageError
from profiles.profile import Profile

DEFAULT_FILE = Path("/etc/digit-agent/config.toml")
COMMAND_LINE = "command line"
DEFAULT = "default"


@dataclass(frozen=True)
class Layer:
    """What one place says of the options, and where each stands there, for people."""

    said: Config
    origins: Mapping[str, str]


@dataclass(frozen=True)
class Settings:
    """What holds, and why."""

    source: str
    artifacts: Path
    json: bool
    no_dashboard: bool
    log: Path | None
    """None keeps no log."""
    frames: int | None
    seconds: float | None
    width: int
    height: int
    origins: Mapping[str, str]
    """Of each of these: who said so, for people."""

    def changed(self, other: Settings) -> list[str]:
        """The options that differ, as they are spelled."""
        return [spelling(name) for name in self.origins if getattr(self, name) != getattr(other, name)]


def config_files(named: Path | None, root: Path = Path("/")) -> tuple[Path, ...]:
    """The files that count, each before those that win over it.

    Args:
        named: the only one; None is what a bundle brought and DEFAULT_FILE, which need not be there.
        root: the folder that is `/` for these two.
    """
    if named is not None:
        return (named,)
    files = deployed_config(root / DEPLOYED.relative_to("/")), root / DEFAULT_FILE.relative_to("/")
    return tuple(file for file in files if file is not None and file.exists())


def read_document(file: Path) -> Document:
    """A file, right or wrong.

    Raises:
        ConfigError: it is missing, or cannot be read.
    """
    try:
        return parse(file.read_bytes(), file.absolute().parent)
    except FileNotFoundError:
        raise ConfigError(f"there is no {file}; name a file of options, or leave out --config") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}); check its permissions") from error


def read_file(file: Path) -> Layer:
    """What a file says.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong.
    """
    document = read_document(file)
    if document.problems:
        first, more = document.problems[0], len(document.problems) - 1
        others = f" (and {more} more: 'digit-agent config check {file}' tells them)" if more else ""
        raise ConfigError(f"{file}:{first.line}: {first.text}{others}")
    return Layer(document.said, {name: f"{file}:{line}" for name, line in document.lines.items()})


def settle(given: Config, files: Iterable[Path], profile: Profile) -> Settings:
    """Put the layers together.

    Args:
        given: what the command line says.
        files: what `config_files` gave.
        profile: of this board.

    Raises:
        ConfigError: a file cannot be read, or something in it is wrong.
        UsageError: the command line contradicts itself, or the user has no home folder for the log.
    """
    for one, other, why in contradictions(given):
        raise UsageError(f"--{spelling(one)} and --{spelling(other)} {why}; give one of them")
    camera = profile.camera
    board = Config(source=camera.source, width=camera.width, height=camera.height)
    built_in = Config(artifacts=default_artifacts(), json=False, no_dashboard=False, no_log=False)
    lowest = _layer(built_in, DEFAULT), _layer(board, f"profile {profile.name}")
    values: dict[str, Any] = dict.fromkeys(OPTIONS)
    origins = dict.fromkeys(OPTIONS, DEFAULT)
    for layer in map(_plain, (*lowest, *map(read_file, files), _layer(given, COMMAND_LINE))):
        said = {name: value for name, value in vars(layer.said).items() if value is not None}
        values |= said
        origins |= {name: layer.origins[name] for name in said}
    if values["no_log"]:
        values["log"], origins["log"] = None, origins["no_log"]
    elif values["log"] is None:
        values["log"] = default_path()
    kept = [one.name for one in fields(Settings) if one.name in OPTIONS]
    return Settings(**{name: values[name] for name in kept}, origins={name: origins[name] for name in kept})


def _layer(said: Config, where: str) -> Layer:
    return Layer(said, dict.fromkeys(OPTIONS, where))


def _plain(layer: Layer) -> Layer:
    """The same, said so that it can be laid over another layer: a camera is a source, and who names a log wants one."""
    said, origins = layer.said, dict(layer.origins)
    if said.camera is not None:
        said, origins["source"] = replace(said, source=said.camera, camera=None), origins["camera"]
    if said.log is not None:
        said, origins["no_log"] = replace(said, no_log=False), origins["log"]
    return Layer(said, origins)
