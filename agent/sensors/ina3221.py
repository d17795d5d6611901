"""Power on a Jetson: the INA3221 chips, each with three rails.

Two layouts of the kernel's files below `/sys/bus/i2c/devices/<device>/`:
JetPack 5 and later, https://www.kernel.org/doc/Documentation/hwmon/ina3221.rst; JetPack 4, NVIDIA's own iio driver.
Both give millivolts and milliamperes; their product divided by 1000 is milliwatts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.sensors.sample import PowerSample
from agent.sensors.sysfs import read_number, read_text

WHOLE_MODULE = ("VDD_IN", "POM_5V_IN")
"""Rails that feed all the others."""


@dataclass(frozen=True)
class _Layout:
    """Names of files, `{k}` being the channel."""

    folder: str
    channels: tuple[int, ...]
    label: str
    millivolts: str
    milliamperes: str


_LAYOUTS = (
    # Channel 7 of the hwmon driver is the sum of the shunts: no rail.
    _Layout("hwmon/hwmon*", (1, 2, 3), "in{k}_label", "in{k}_input", "curr{k}_input"),
    _Layout("iio:device*", (0, 1, 2), "rail_name_{k}", "in_voltage{k}_input", "in_current{k}_input"),
)


@dataclass(frozen=True)
class _Rail:
    """One rail's files."""

    name: str
    millivolts: Path
    milliamperes: Path

    def power_mw(self) -> float | None:
        """Milliwatts now."""
        millivolts, milliamperes = read_number(self.millivolts), read_number(self.milliamperes)
        return None if millivolts is None or milliamperes is None else millivolts * milliamperes / 1000


@dataclass(frozen=True)
class Ina3221:
    """Reads the rails of all INA3221 of a board."""

    rails: tuple[_Rail, ...]
    clock_ns: Callable[[], int]

    @property
    def total(self) -> tuple[str, ...]:
        """The rails that make up the total: the one that feeds the module, else all of them."""
        names = tuple(rail.name for rail in self.rails)
        whole = tuple(name for name in names if name in WHOLE_MODULE)
        return whole[:1] or names

    @property
    def describe(self) -> str:
        """Which rails the total includes."""
        if len(self.total) == 1 and self.total[0] in WHOLE_MODULE:
            return f"INA3221, rail {self.total[0]}: the whole module, without its carrier board"
        return f"INA3221, module rails {' + '.join(self.total)}: less than the board draws"

    def read(self) -> PowerSample | None:
        """Measure now; None where a rail of the total cannot be read."""
        taken_ns = self.clock_ns()
        measured = {rail.name: rail.power_mw() for rail in self.rails}
        rails_mw = {name: power_mw for name, power_mw in measured.items() if power_mw is not None}
        if not rails_mw.keys() >= set(self.total):
            return None
        return PowerSample(sum(rails_mw[name] for name in self.total), taken_ns, rails_mw)


def find_ina3221(root: Path, clock_ns: Callable[[], int]) -> Ina3221 | None:
    """The board's INA3221 chips; None where there is none, or they cannot be read."""
    rails = tuple(
        rail
        for name in sorted((root / "sys/bus/i2c/devices").glob("*/name"))
        if "ina3221" in (read_text(name) or "")
        for rail in _rails(name.parent)
    )
    reader = Ina3221(rails, clock_ns)
    return reader if rails and reader.read() is not None else None


def _rails(device: Path) -> Iterator[_Rail]:
    """The rails of a chip that are wired: a label that contains NC is not connected, and reading it may fail."""
    for layout in _LAYOUTS:
        for folder in sorted(device.glob(layout.folder)):
            for k in layout.channels:
                label = read_text(folder / layout.label.format(k=k))
                if label and "NC" not in label:
                    yield _Rail(label, folder / layout.millivolts.format(k=k), folder / layout.milliamperes.format(k=k))
