"""What a measurement was taken on: board, kernel, governor, temperature, versions. Without it a figure is hearsay."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from agent.runtimes.net import RUNTIMES, distribution_version, runtime_version
from agent.sensors.sources import RunCommand, read_number, read_text, run_command
from agent.sensors.thermal import temperature_c
from agent.sensors.throttling import find_throttling_reader
from profiles.board import detect_board

PACKAGES = ("digit-agent", "numpy", "opencv-python-headless")


@dataclass(frozen=True)
class SystemInfo:
    """What stays the same while one measures; None is what cannot be known."""

    board: str
    """The name of the board's profile."""
    model: str | None
    """What the device tree calls it."""
    processor: str
    cores: int | None
    memory_mb: int | None
    kernel: str
    l4t: str | None
    python: str
    versions: dict[str, str]
    """Of our packages and the runtimes that are installed."""


@dataclass(frozen=True)
class SystemState:
    """What changes; None is what cannot be known."""

    at: str
    """ISO 8601, UTC."""
    governors: tuple[str, ...]
    """Of the cores' clocks, each once; empty where the kernel has none."""
    clock_mhz: tuple[int, ...]
    """Of each core, as the kernel sets it."""
    temperature_c: float | None
    throttling: tuple[str, ...] | None
    """What holds the board back now."""
    load: float
    """How many processes wanted to run, over the last minute."""


def system_info(root: Path = Path("/")) -> SystemInfo:
    """This machine; `root` is the folder in which `proc` and `etc` are looked up."""
    board = detect_board(root)
    versions = {name: distribution_version(name) for name in PACKAGES} | {
        name: runtime_version(name) for name in RUNTIMES
    }
    return SystemInfo(
        board=board.profile.name,
        model=board.model,
        processor=_line(root / "proc/cpuinfo", "model name") or board.profile.cpu.core,
        cores=os.cpu_count(),
        memory_mb=_memory_mb(root),
        kernel=f"{platform.system()} {platform.release()} {board.machine}",
        l4t=board.l4t,
        python=platform.python_version(),
        versions={name: version for name, version in versions.items() if version is not None},
    )


def system_state(root: Path = Path("/"), run_command: RunCommand = run_command) -> SystemState:
    """How it is now.

    Args:
        root: the folder in which `proc` and `sys` are looked up.
        run_command: asks a Pi's firmware.
    """
    sensors = detect_board(root).profile.sensors
    clocks = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq"))
    governors = (read_text(clock / "scaling_governor") for clock in clocks)
    frequencies = (read_number(clock / "scaling_cur_freq") for clock in clocks)
    ask = find_throttling_reader(sensors, root, run_command)
    throttling = ask() if ask is not None else None
    return SystemState(
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        governors=tuple(dict.fromkeys(filter(None, governors))),
        clock_mhz=tuple(khz // 1000 for khz in frequencies if khz is not None),
        temperature_c=temperature_c(sensors.temperature_zones, root),
        throttling=throttling.now if throttling is not None else None,
        load=os.getloadavg()[0],
    )


def _memory_mb(root: Path) -> int | None:
    text = _line(root / "proc/meminfo", "MemTotal")
    return int(text.split()[0]) // 1024 if text else None


def _line(path: Path, key: str) -> str | None:
    """The value of the first line `key : value` of a file of the kernel; None where there is none."""
    for line in (read_text(path) or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return None
