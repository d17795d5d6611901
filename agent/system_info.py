"""Description of the system that a measurement ran on: board, kernel, CPU governor, temperature, versions."""

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
    """Properties that do not change during a measurement; None if unknown."""

    board: str
    """Name of the board's profile."""
    model: str | None
    """Name of the board in the device tree."""
    processor: str
    cores: int | None
    memory_mb: int | None
    kernel: str
    l4t: str | None
    python: str
    versions: dict[str, str]
    """Versions of the installed packages and runtimes."""


@dataclass(frozen=True)
class SystemState:
    """Properties that change during a measurement; None if unknown."""

    at: str
    """Time in UTC, ISO 8601."""
    governors: tuple[str, ...]
    """CPU frequency governors, without duplicates; empty if the kernel has none."""
    clock_mhz: tuple[int, ...]
    """Clock of each core."""
    temperature_c: float | None
    throttling: tuple[str, ...] | None
    """Current reasons for throttling."""
    load: float
    """Load average of the last minute: mean number of running or waiting processes."""


def system_info(root: Path = Path("/")) -> SystemInfo:
    """Describe this machine; `root` is the folder that contains `proc` and `etc`."""
    board = detect_board(root)
    versions = {name: distribution_version(name) for name in PACKAGES} | {
        name: runtime_version(name) for name in RUNTIMES
    }
    return SystemInfo(
        board=board.profile.name,
        model=board.model,
        processor=_value(root / "proc/cpuinfo", "model name") or board.profile.cpu.core,
        cores=os.cpu_count(),
        memory_mb=_memory_mb(root),
        kernel=f"{platform.system()} {platform.release()} {board.machine}",
        l4t=board.l4t,
        python=platform.python_version(),
        versions={name: version for name, version in versions.items() if version is not None},
    )


def system_state(root: Path = Path("/"), run_command: RunCommand = run_command) -> SystemState:
    """Describe the current state of this machine.

    Args:
        root: folder that contains `proc` and `sys`.
        run_command: runs the command of a Raspberry Pi's firmware.
    """
    sensors = detect_board(root).profile.sensors
    cpufreq = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq"))
    governors = (read_text(folder / "scaling_governor") for folder in cpufreq)
    frequencies = (read_number(folder / "scaling_cur_freq") for folder in cpufreq)
    read_throttling = find_throttling_reader(sensors, root, run_command)
    throttling = read_throttling() if read_throttling is not None else None
    return SystemState(
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        governors=tuple(dict.fromkeys(filter(None, governors))),
        clock_mhz=tuple(khz // 1000 for khz in frequencies if khz is not None),
        temperature_c=temperature_c(sensors.temperature_zones, root),
        throttling=throttling.now if throttling is not None else None,
        load=os.getloadavg()[0],
    )


def _memory_mb(root: Path) -> int | None:
    text = _value(root / "proc/meminfo", "MemTotal")
    return int(text.split()[0]) // 1024 if text else None


def _value(path: Path, key: str) -> str | None:
    """Return the value of the first line `key : value` in a file of the kernel; None if there is none."""
    for line in (read_text(path) or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return None
