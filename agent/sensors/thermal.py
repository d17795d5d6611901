"""Temperature by zone, and what holds a Raspberry Pi back.

Zones: https://www.kernel.org/doc/Documentation/driver-api/thermal/sysfs-api.rst, millidegrees Celsius.
Throttling: https://www.raspberrypi.com/documentation/computers/os.html#get_throttled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.sensors.command import RunCommand
from agent.sensors.sysfs import read_number, read_text

# Without a mask: `get_throttled 0x…` would clear the sticky bits, for everybody.
COMMAND = ("vcgencmd", "get_throttled")
FLAGS = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
"""Bits 0 to 3; bits 16 to 19 are the same, since boot."""
_SINCE_BOOT = 16
_ANSWER = re.compile(r"^throttled=0x([0-9a-fA-F]+)\s*$")


@dataclass(frozen=True)
class Throttling:
    """What holds the board back, in the words of `FLAGS`."""

    now: tuple[str, ...]
    since_boot: tuple[str, ...]


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


def read_throttling(run_command: RunCommand) -> Throttling | None:
    """What the Pi's firmware says; None where it cannot be asked."""
    return parse_throttling(run_command(COMMAND) or "")


def parse_throttling(text: str) -> Throttling | None:
    """Read `throttled=0x50005`; None where the text is something else."""
    answer = _ANSWER.match(text)
    if answer is None:
        return None
    bits = int(answer[1], 16)
    return Throttling(_words(bits), _words(bits >> _SINCE_BOOT))


def _words(bits: int) -> tuple[str, ...]:
    return tuple(flag for bit, flag in enumerate(FLAGS) if bits >> bit & 1)
