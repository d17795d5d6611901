"""Board profiles: how to recognise a board, what to run on it, and its limits."""

from __future__ import annotations

import os
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec

from profiles.errors import ProfileError, UnknownTargetError
from profiles.manifest import Format, Precision

RuntimeName = str
"""Name of a runtime; modules in `agent/runtimes/backends` define it."""
Objective = Literal["latency", "energy", "size", "accuracy"]
Family = Literal["pi", "jetson", "generic"]
ALL = "all"
"""Target that stands for all boards."""


class Cpu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Properties of the processor that matter for a net."""

    core: str
    cores: int
    clock_mhz: int | None = None
    int8_dot_product: bool
    """Whether the processor has SDOT (or VNNI on x86); without it, int8 is often not faster than fp32."""


class Recognition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to recognise the board: by the longest prefix of its model, else by `compatible`, else by its machine."""

    model_prefixes: tuple[str, ...] = ()
    """Prefixes of `/proc/device-tree/model`."""
    compatible: tuple[str, ...] = ()
    """Entries of `/proc/device-tree/compatible`; each belongs to one profile only."""
    machines: tuple[str, ...] = ()
    """Outputs of `uname -m`."""


class RuntimeOption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A runtime to try."""

    name: RuntimeName
    threads: tuple[int, ...] = (1,)
    providers: tuple[str, ...] = ()
    """Execution providers of onnxruntime; empty means the CPU."""


class ArtifactKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of model file."""

    format: Format
    precision: Precision


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits for an artifact, and the objective that selects one."""

    objective: Objective = "latency"
    min_accuracy: float = 0.995
    """Least accuracy of a classifier on the MNIST test images; a classifier below it is not chosen."""
    frame_ms: float = 100.0
    """Time for one quick look at a frame, in milliseconds."""
    power_mw: int | None = None


class Sensors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sources of power, temperature and throttling."""

    power: tuple[Literal["ina3221", "pmic", "hwmon", "rapl"], ...] = ()
    """Power readers to try, in order; the first one with a sensor is used."""
    temperature_zones: tuple[str, ...] = ()
    """Types of thermal zones (`/sys/class/thermal/thermal_zone*/type`), in order; the first one found is used."""
    throttled: Literal["vcgencmd", "soctherm"] | None = None
    """Source of the throttling state: the firmware of a Raspberry Pi, or the counters of a Jetson Orin."""
    slow_down_c: float = 75.0
    """Temperature in °C from which the agent saves power; below the limit at which the firmware throttles."""


class CameraDefaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Default source, and the size to ask the camera for, in pixels."""

    source: str = "0"
    width: int = 640
    height: int = 480


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Description of one board: the content of its TOML file in `catalog/`."""

    name: str
    title: str
    family: Family
    memory_mb: int | None = None
    """Smallest memory with which the board is sold."""
    note: str = ""
    """Note for a user of this board."""
    cpu: Cpu
    recognition: Recognition
    runtimes: tuple[RuntimeOption, ...]
    artifacts: tuple[ArtifactKind, ...]
    """Kinds of model files to convert for the board."""
    budget: Budget = Budget()
    sensors: Sensors = Sensors()
    camera: CameraDefaults = CameraDefaults()

    @property
    def memory_bytes(self) -> int:
        """Smallest memory of the board; without `memory_mb` that of this machine."""
        return self.memory_mb << 20 if self.memory_mb else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@cache
def all_profiles() -> tuple[Profile, ...]:
    """Return all profiles of the catalogue, sorted by name.

    Raises:
        ProfileError: a file of the catalogue is wrong.
    """
    catalog = files("profiles") / "catalog"
    found = (
        parse_profile(entry.read_bytes(), entry.name) for entry in catalog.iterdir() if entry.name.endswith(".toml")
    )
    return tuple(sorted(found, key=lambda profile: profile.name))


def parse_profile(content: bytes, file: str) -> Profile:
    """Parse one file of the catalogue.

    Args:
        content: TOML in UTF-8.
        file: name of the file, for messages; the profile must have the same name.

    Raises:
        ProfileError: the content is not TOML, or a field is missing, unknown or of a wrong type.
    """
    try:
        profile = msgspec.toml.decode(content, type=Profile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        advice = "correct it, or install digit-agent again"
        raise ProfileError(f"profile {file} is wrong: {error}", advice=advice) from error
    if f"{profile.name}.toml" != file:
        raise ProfileError(f"profile {file} is wrong: its name is {profile.name!r}", advice="file and name must agree")
    return profile


def load_profile(name: str) -> Profile:
    """Return the profile of a board.

    Raises:
        UnknownTargetError: the catalogue has no board of this name; the message lists all names.
    """
    for profile in all_profiles():
        if profile.name == name:
            return profile
    raise _unknown("board", name, board_names())


def resolve_target(target: str) -> tuple[Profile, ...]:
    """Return the boards of a target: a board's name, a family (pi, jetson, generic), or all.

    Raises:
        UnknownTargetError: the target is unknown; the message lists all targets and suggests the most similar one.
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
    """Return the names of all boards in the catalogue."""
    return tuple(profile.name for profile in all_profiles())


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> UnknownTargetError:
    close = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return UnknownTargetError(f"there is no {kind} {name!r}", advice=f"{hint}choose one of {', '.join(known)}")
