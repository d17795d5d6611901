"""Temperature of the kernel's thermal zones.

Source: https://www.kernel.org/doc/Documentation/driver-api/thermal/sysfs-api.rst; values are in millidegrees Celsius.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.sensors.sources import read_number, read_text


def zones_c(root: Path) -> dict[str, float]:
    """Return the temperature in °C of each type of thermal zone; the maximum if zones have the same type.

    The PMIC zone of a Jetson is skipped, because it always reports 100 °C. Zones that are off cannot be read.
    """
    zones: dict[str, float] = {}
    for path in (root / "sys/class/thermal").glob("thermal_zone*/type"):
        kind, millidegrees = read_text(path), read_number(path.parent / "temp")
        if kind and not kind.startswith("PMIC") and millidegrees is not None:
            zones[kind] = max(millidegrees / 1000, zones.get(kind, float("-inf")))
    return zones


def temperature_c(zone_types: Sequence[str], root: Path) -> float | None:
    """Return the temperature in °C of the first of these zone types that can be read; None if there is none."""
    zones = zones_c(root)
    return next((zones[kind] for kind in zone_types if kind in zones), None)
