"""Temperature by zone.

https://www.kernel.org/doc/Documentation/driver-api/thermal/sysfs-api.rst: millidegrees Celsius.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.sensors.sysfs import read_number, read_text


def zones_c(root: Path) -> dict[str, float]:
    """Each thermal zone's temperature in °C by its type, the hottest where several have the same.

    A Jetson's PMIC zone is left out: it always says 100 °C. Zones that are switched off cannot be read.
    """
    zones: dict[str, float] = {}
    for path in (root / "sys/class/thermal").glob("thermal_zone*/type"):
        kind, millidegrees = read_text(path), read_number(path.parent / "temp")
        if kind and not kind.startswith("PMIC") and millidegrees is not None:
            zones[kind] = max(millidegrees / 1000, zones.get(kind, float("-inf")))
    return zones


def temperature_c(zone_types: Sequence[str], root: Path) -> float | None:
    """The temperature in °C of the first of these zones that can be read; None where none can."""
    zones = zones_c(root)
    return next((zones[kind] for kind in zone_types if kind in zones), None)
