"""Power reader for a Jetson: INA3221 chips, each with three rails.

The kernel's files below `/sys/bus/i2c/devices/<device>/` have one of two layouts: of the hwmon driver in JetPack 5 and
later, https://www.kernel.org/doc/Documentation/hwmon/ina3221.rst, or of NVIDIA's iio driver in JetPack 4. Both report
millivolts and milliamperes.

On some systems only root can read these files. The udev rule `systemd/60-digit-agent.rules` makes them readable for the
service, and `_SENSOR_PATTERNS` in `agent.sensors.power` lists them so that `digit-agent doctor` can report files that
are not readable. A new layout must be added to both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.sensors.power_sample import PowerSample
from agent.sensors.sources import read_number, read_text

MODULE_RAILS = ("VDD_IN", "POM_5V_IN")
"""Rails that supply the whole module."""


@dataclass(frozen=True)
class _Layout:
    """Names of the files; `{k}` stands for the channel."""

    folder: str
    channels: tuple[int, ...]
    label: str
    millivolts: str
    milliamperes: str


_LAYOUTS = (
    # Channel 7 of the hwmon driver is the sum of the shunts, not a rail.
    _Layout("hwmon/hwmon*", (1, 2, 3), "in{k}_label", "in{k}_input", "curr{k}_input"),
    _Layout("iio:device*", (0, 1, 2), "rail_name_{k}", "in_voltage{k}_input", "in_current{k}_input"),
)


@dataclass(frozen=True)
class _Rail:
    """Files of one rail."""

    name: str
    millivolts: Path
    milliamperes: Path

    def power_mw(self) -> float | None:
        """Measure the power in milliwatts; return None if a file cannot be read."""
        millivolts, milliamperes = read_number(self.millivolts), read_number(self.milliamperes)
        return None if millivolts is None or milliamperes is None else millivolts * milliamperes / 1000


@dataclass(frozen=True)
class Ina3221:
    """Reader of all INA3221 chips of a board."""

    rails: tuple[_Rail, ...]
    clock_ns: Callable[[], int]

    @property
    def total_rails(self) -> tuple[str, ...]:
        """Rails that the total power includes: the rail that supplies the module, or all rails if there is none."""
        names = tuple(rail.name for rail in self.rails)
        of_module = tuple(name for name in names if name in MODULE_RAILS)
        return of_module[:1] or names

    @property
    def description(self) -> str:
        """Rails that the total includes."""
        if len(self.total_rails) == 1 and self.total_rails[0] in MODULE_RAILS:
            return f"INA3221, rail {self.total_rails[0]}: the whole module, without its carrier board"
        return f"INA3221, module rails {' + '.join(self.total_rails)}: less than the board draws"

    def read(self) -> PowerSample | None:
        """Measure now; return None if a rail of the total cannot be read."""
        taken_ns = self.clock_ns()
        measured_mw = [rail.power_mw() for rail in self.rails if rail.name in self.total_rails]
        known_mw = [power_mw for power_mw in measured_mw if power_mw is not None]
        return PowerSample(sum(known_mw), taken_ns) if len(known_mw) == len(measured_mw) else None


def find_ina3221(root: Path, clock_ns: Callable[[], int]) -> Ina3221 | None:
    """Return a reader of the board's INA3221 chips; None if there is none, or they cannot be read."""
    rails = tuple(
        rail
        for name in sorted((root / "sys/bus/i2c/devices").glob("*/name"))
        if "ina3221" in (read_text(name) or "")
        for rail in _rails(name.parent)
    )
    reader = Ina3221(rails, clock_ns)
    return reader if rails and reader.read() is not None else None


def _rails(device: Path) -> Iterator[_Rail]:
    """Yield the connected rails of a chip; a label with NC means "not connected", and its files may fail."""
    for layout in _LAYOUTS:
        for folder in sorted(device.glob(layout.folder)):
            for k in layout.channels:
                label = read_text(folder / layout.label.format(k=k))
                if label and "NC" not in label:
                    yield _Rail(label, folder / layout.millivolts.format(k=k), folder / layout.milliamperes.format(k=k))
