"""Power reader for an x86 processor: RAPL's energy counters, in microjoules.

`energy_uj` counts up and restarts at 0 after `max_energy_range_uj`. On many systems only root can read it. Source:
https://www.kernel.org/doc/Documentation/power/powercap/powercap.rst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.sensors.power_sample import PowerSample
from agent.sensors.sources import read_number, read_text


@dataclass(frozen=True)
class _Package:
    """Counter of one processor."""

    name: str
    counter: Path
    range_uj: int


class Rapl:
    """Reader of the mean power since the previous read; the first read returns None.

    A counter may restart at most once between two reads; at 65 W it restarts about once an hour.
    """

    def __init__(self, packages: tuple[_Package, ...], clock_ns: Callable[[], int]) -> None:
        self._packages = packages
        self._clock_ns = clock_ns
        self._previous: tuple[int, dict[str, int]] | None = None

    @property
    def description(self) -> str:
        """Processors that the total includes."""
        return f"RAPL, {' + '.join(package.name for package in self._packages)}: only the processor"

    def read(self) -> PowerSample | None:
        """Return the mean power since the previous read; None at the first read, and if a counter cannot be read."""
        now_ns, counters = self._clock_ns(), self.counters_uj()
        previous, self._previous = self._previous, None if counters is None else (now_ns, counters)
        if previous is None or counters is None or now_ns <= previous[0]:
            return None
        elapsed_s = (now_ns - previous[0]) / 1e9
        energy_uj = sum(
            _difference_uj(previous[1][package.name], counters[package.name], package.range_uj)
            for package in self._packages
        )
        return PowerSample(energy_uj / 1000 / elapsed_s, now_ns)

    def counters_uj(self) -> dict[str, int] | None:
        """Return the counter of each processor in microjoules; None if one cannot be read."""
        counters = {package.name: read_number(package.counter) for package in self._packages}
        known = {name: counter for name, counter in counters.items() if counter is not None}
        return known if len(known) == len(counters) else None


def find_rapl(root: Path, clock_ns: Callable[[], int]) -> Rapl | None:
    """Return a reader of the processors' counters; None if there are none, or they cannot be read."""
    packages = tuple(_packages(root / "sys/class/powercap"))
    reader = Rapl(packages, clock_ns)
    return reader if packages and reader.counters_uj() is not None else None


def _packages(powercap: Path) -> list[_Package]:
    """Return the zones named package-N; other zones are parts of a package (core, dram) or include it (psys)."""
    packages = []
    for name in sorted(powercap.glob("intel-rapl:*/name")):
        text, range_uj = read_text(name) or "", read_number(name.parent / "max_energy_range_uj")
        if text.startswith("package-") and range_uj is not None:
            packages.append(_Package(text, name.parent / "energy_uj", range_uj))
    return packages


def _difference_uj(previous_uj: int, now_uj: int, range_uj: int) -> int:
    return now_uj - previous_uj if now_uj >= previous_uj else now_uj + range_uj - previous_uj
