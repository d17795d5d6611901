"""Search for the power reader of this board, and for sensors that the user cannot read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from agent.sensors.hwmon import find_hwmon
from agent.sensors.ina3221 import find_ina3221
from agent.sensors.pmic import find_pmic
from agent.sensors.power_sample import PowerReader
from agent.sensors.rapl import find_rapl
from agent.sensors.sources import RunCommand, run_command
from profiles.profile import Profile


def find_power_reader(
    profile: Profile,
    root: Path = Path("/"),
    run_command: RunCommand = run_command,
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> PowerReader | None:
    """Return the first power reader of the profile whose sensor can be read; None if no sensor can be read.

    Args:
        profile: profile with the readers to try, in order.
        root: folder that contains `sys`.
        run_command: runs the command of a Raspberry Pi's firmware.
        clock_ns: monotonic clock for the samples, in nanoseconds.
    """
    finders: dict[str, Callable[[], PowerReader | None]] = {
        "ina3221": lambda: find_ina3221(root, clock_ns),
        "pmic": lambda: find_pmic(run_command, clock_ns),
        "hwmon": lambda: find_hwmon(root, clock_ns),
        "rapl": lambda: find_rapl(root, clock_ns),
    }
    found = (finders[name]() for name in profile.sensors.power)
    return next((reader for reader in found if reader is not None), None)


_SENSOR_PATTERNS = (
    "sys/class/powercap/intel-rapl:*/energy_uj",
    "sys/class/hwmon/hwmon*/power1_input",
    "sys/bus/i2c/devices/*/hwmon/hwmon*/curr1_input",
    "sys/bus/i2c/devices/*/iio:device*/in_current0_input",
    "dev/vcio",
)


def unreadable_sensors(root: Path = Path("/")) -> tuple[Path, ...]:
    """Return the files of power sensors that this user cannot read; the udev rule makes them readable."""
    present = (path for pattern in _SENSOR_PATTERNS for path in sorted(root.glob(pattern)))
    return tuple(path for path in present if not os.access(path, os.R_OK, effective_ids=True))
