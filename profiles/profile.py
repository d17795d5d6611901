"""A board's profile: how to recognise it, what to run on it, and its limits; and what a target's name stands for."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec

from profiles.errors import ProfileError, UnknownTargetError
from profiles.manifest import Format, Precision

RuntimeName = str
"""As the runtime's module in `agent/runtimes/backends` calls it."""
Objective = Literal["latency", "energy", "size", "accuracy"]
Family = Literal["pi", "jetson", "generic"]
ALL = "all"


class Cpu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The processor, as far as it matters for a net."""

    core: str
    cores: int
    clock_mhz: int | None = None
    int8_dot_product: bool
    """Whether SDOT (or VNNI on x86) is there; without it int8 often does not pay."""


class Recognition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the board is told: the longest matching prefix of its model wins, then `compatible`, then the machine."""

    model_prefixes: tuple[str, ...] = ()
    """How `/proc/device-tree/model` begins."""
    compatible: tuple[str, ...] = ()
    """Entries of `/proc/device-tree/compatible`; no two profiles may name the same."""
    machines: tuple[str, ...] = ()
    """Names that `uname -m` gives."""


class RuntimeOption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A runtime worth trying, in the order written."""

    name: RuntimeName
    threads: tuple[int, ...] = (1,)
    providers: tuple[str, ...] = ()
    """Execution providers, onnxruntime only; empty means the CPU's."""


class ArtifactKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of model file."""

    format: Format
    precision: Precision


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an artifact may cost, and what the best is judged by."""

    objective: Objective = "latency"
    min_accuracy: float = 0.995
    """On MNIST's test images; a classifier below it is not chosen: `nano` is for whoever asks for less."""
    frame_ms: float = 100.0
    """Time for one frame's quick look."""
    power_mw: int | None = None


class Sensors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where power and temperature are read."""

    power: tuple[Literal["ina3221", "pmic", "hwmon", "rapl"], ...] = ()
    """Power readers to try, in order; the first that finds its sensor is used."""
    temperature_zones: tuple[str, ...] = ()
    """Types of thermal zones (`/sys/class/thermal/thermal_zone*/type`) to watch, the first found is used."""
    throttled: Literal["vcgencmd", "soctherm"] | None = None
    """Who says what holds the board back: a Pi's firmware, or an Orin's counters."""
    slow_down_c: float = 75.0


class Camera(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The source that is used when the user names none."""

    source: str = "0"
    width: int = 640
    height: int = 480


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One board, as its TOML file in `catalog/` describes it."""

    name: str
    title: str
    family: Family
    memory_mb: int | None = None
    """The least that the board is sold with."""
    note: str = ""
    """What a user of this board should know."""
    cpu: Cpu
    recognition: Recognition
    runtimes: tuple[RuntimeOption, ...]
    artifacts: tuple[ArtifactKind, ...]
    """What is worth carrying to the board."""
    budget: Budget = Budget()
    sensors: Sensors = Sensors()
    camera: Camera = Camera()


@cache
def all_profiles() -> tuple[Profile, ...]:
    """Every profile of the catalogue, in the order of their names.

    Raises:
        ProfileError: a file of the catalogue does not say what it must.
    """
    catalog = files("profiles") / "catalog"
    found = (
        parse_profile(entry.read_bytes(), entry.name) for entry in catalog.iterdir() if entry.name.endswith(".toml")
    )
    return tuple(sorted(found, key=lambda profile: profile.name))


def parse_profile(content: bytes, file: str) -> Profile:
    """Read one file of the catalogue.

    Args:
        content: TOML in UTF-8.
        file: the file's name, for the message and because `name` must agree with it.

    Raises:
        ProfileError: it is not TOML, or a field is missing, unknown or of a wrong type.
    """
    try:
        profile = msgspec.toml.decode(content, type=Profile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProfileError(f"profile {file} is wrong: {error}; correct it, or install digit-agent again") from error
    if f"{profile.name}.toml" != file:
        raise ProfileError(f"profile {file} is wrong: its name is {profile.name!r}; file and name must agree")
    return profile


def load_profile(name: str) -> Profile:
    """One board's profile.

    Raises:
        UnknownTargetError: no board of the catalogue has this name; the message lists those that exist.
    """
    for profile in all_profiles():
        if profile.name == name:
            return profile
    raise _unknown("board", name, board_names())


def resolve_target(target: str) -> tuple[Profile, ...]:
    """The boards that a target stands for: a board's own name, a family (pi, jetson, generic), or all.

    Raises:
        UnknownTargetError: the target is none of these; the message lists them and names the closest.
    """
    if target == ALL:
        return all_profiles()
    families = get_args(Family)
    if target in families:
        return tuple(profile for profile in all_profiles() if profile.family == target)
    if target not in board_names():
        raise _unknown("target", target, (*board_names(), *families, ALL))
    return (load_profile(target),)


def board_names() -> tuple[str, ...]:
    """The names of all boards of the catalogue."""
    return tuple(profile.name for profile in all_profiles())


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> UnknownTargetError:
    close = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return UnknownTargetError(f"there is no {kind} {name!r}; {hint}choose one of {', '.join(known)}")
