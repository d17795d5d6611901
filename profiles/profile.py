"""A board's profile: how to recognise it, what to run on it, and its limits."""

from __future__ import annotations

from typing import Literal

import msgspec

from profiles.manifest import Format, Precision

RuntimeName = Literal["onnxruntime", "ai-edge-litert", "tflite-runtime"]
Objective = Literal["latency", "energy", "size"]


class Cpu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    core: str
    cores: int
    clock_mhz: int | None = None
    int8_dot_product: bool
    """Whether SDOT (or VNNI on x86) is there; without it int8 often does not pay."""


class Recognition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the board is told: the longest matching prefix of its model wins, then `compatible`, then the machine."""

    model_prefixes: tuple[str, ...] = ()
    compatible: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    """Names that `uname -m` gives."""


class RuntimeOption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A runtime worth trying, in the order written."""

    name: RuntimeName
    threads: tuple[int, ...] = (1,)
    providers: tuple[str, ...] = ()
    """Execution providers, onnxruntime only; empty means the CPU's."""


class ArtifactKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Format
    precision: Precision


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    objective: Objective = "latency"
    min_accuracy: float = 0.993
    """On MNIST's test images; an artifact below it is not chosen."""
    frame_ms: float = 100.0
    """Time for one frame's quick look."""
    power_mw: int | None = None


class Sensors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    power: tuple[Literal["ina3221", "pmic", "hwmon", "rapl"], ...] = ()
    """Power readers to try, in order; the first that finds its sensor is used."""
    temperature_zones: tuple[str, ...] = ()
    """Types of thermal zones (`/sys/class/thermal/thermal_zone*/type`) to watch, the first found is used."""
    throttled: Literal["vcgencmd"] | None = None
    slow_down_c: float = 75.0


class Camera(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str = "0"
    width: int = 640
    height: int = 480


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One board, as its TOML file in `catalog/` describes it."""

    name: str
    title: str
    family: Literal["pi", "jetson", "generic"]
    memory_mb: int | None = None
    note: str = ""
    cpu: Cpu
    recognition: Recognition
    runtimes: tuple[RuntimeOption, ...]
    artifacts: tuple[ArtifactKind, ...]
    """What is worth carrying to the board."""
    budget: Budget = Budget()
    sensors: Sensors = Sensors()
    camera: Camera = Camera()
