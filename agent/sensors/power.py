"""Finds this board's power reader, and the sensors that it may not read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from agent.sensors.command import RunCommand, run_command
from agent.sensors.hwmon import find_hwmon
from agent.sensors.ina3221 import find_ina3221
from agent.sensors.pmic import find_pmic
from agent.sensors.rapl import find_rapl
from agent.sensors.sample import PowerReader
from profiles.profile import Profile


def find_power_reader(
    profile: Profile,
    root: Path = Path("/"),
    run_command: RunCommand = run_command,
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> PowerReader | None:
    """The first of the profile's power readers whose sensor is here and can be read; None where there is none.

    Args:
        profile: names the readers to try, in order.
        root: the folder in which `sys` is looked up.
        run_command: runs the firmware's command.
        clock_ns: stamps the samples.
    """
    makers: dict[str, Callable[[], PowerReader | None]] = {
        "ina3221": lambda: find_ina3221(root, clock_ns),
        "pmic": lambda: find_pmic(run_command, clock_ns),
        "hwmon": lambda: find_hwmon(root, clock_ns),
        "rapl": lambda: find_rapl(root, clock_ns),
    }
    found = (makers[name]() for name in profile.sensors.power)
    return next((reader for reader in found if reader is not None), None)


_FOR_ROOT_ON_SOME_SYSTEMS = (
    "sys/class/powercap/intel-rapl:*/energy_uj",
    "sys/class/hwmon/hwmon*/power1_input",
    "sys/bus/i2c/devices/*/hwmon/hwmon*/curr1_input",
    "sys/bus/i2c/devices/*/iio:device*/in_current0_input",
    "dev/vcio",
)


def refused_sensors(root: Path = Path("/")) -> tuple[Path, ...]:
    """Files of power sensors that are there, but that this user may not read: what the udev rule is for."""
    present = (path for pattern in _FOR_ROOT_ON_SOME_SYSTEMS for path in sorted(root.glob(pattern)))
    return tuple(path for path in present if not os.access(path, os.R_OK, effective_ids=True))
