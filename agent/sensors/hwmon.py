"""Power reader for an add-on sensor of the INA2xx series, such as an INA219 or INA226 in the board's supply.

The kernel's driver reports `power1_input` in microwatts: https://www.kernel.org/doc/Documentation/hwmon/ina2xx.rst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.sensors.power_sample import PowerSample
from agent.sensors.sources import read_number, read_text


@dataclass(frozen=True)
class Ina2xx:
    """Reader of one add-on sensor."""

    folder: Path
    chip: str
    clock_ns: Callable[[], int]

    @property
    def description(self) -> str:
        """Name of the chip, and the shunt that the driver assumes: a wrong value scales the power."""
        shunt_uohm = read_number(self.folder / "shunt_resistor")
        shunt = "" if shunt_uohm is None else f", configured for a shunt of {shunt_uohm / 1000:g} mΩ"
        return f"add-on {self.chip}{shunt}: everything that is wired through it"

    def read(self) -> PowerSample | None:
        """Measure now; return None if the chip does not answer."""
        taken_ns = self.clock_ns()
        power_uw = read_number(self.folder / "power1_input")
        return None if power_uw is None else PowerSample(power_uw / 1000, taken_ns)


def find_hwmon(root: Path, clock_ns: Callable[[], int]) -> Ina2xx | None:
    """Return a reader of the first INA2xx that answers; None if there is none."""
    for name in sorted((root / "sys/class/hwmon").glob("hwmon*/name")):
        chip = read_text(name) or ""
        reader = Ina2xx(name.parent, chip, clock_ns)
        if chip.startswith("ina2") and reader.read() is not None:
            return reader
    return None
