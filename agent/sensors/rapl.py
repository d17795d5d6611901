"""Power of an x86 processor: RAPL's energy counters, in microjoules.

https://www.kernel.org/doc/Documentation/power/powercap/powercap.rst: `energy_uj` counts up and begins again at 0 after
`max_energy_range_uj`. On many systems only root may read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.sensors.sample import PowerSample
from agent.sensors.sysfs import read_number, read_text


@dataclass(frozen=True)
class _Package:
    """One processor's counter."""

    name: str
    counter: Path
    range_uj: int


class Rapl:
    """Reads mean power since the read before; the first read is only a beginning, and gives None.

    At most one wrap of a counter can be told between two reads: at 65 W it takes about an hour.
    """

    def __init__(self, packages: tuple[_Package, ...], clock_ns: Callable[[], int]) -> None:
        self._packages = packages
        self._clock_ns = clock_ns
        self._before: tuple[int, dict[str, int]] | None = None

    @property
    def describe(self) -> str:
        """Which processors it covers."""
        return f"RAPL, {' + '.join(package.name for package in self._packages)}: the processor alone"

    def read(self) -> PowerSample | None:
        """Mean power since the read before; None at first, and where a counter cannot be read."""
        now_ns, counters = self._clock_ns(), self.counters_uj()
        before, self._before = self._before, None if counters is None else (now_ns, counters)
        if before is None or counters is None or now_ns <= before[0]:
            return None
        elapsed_s = (now_ns - before[0]) / 1e9
        rails_mw = {
            package.name: _difference(before[1][package.name], counters[package.name], package.range_uj)
            / 1000
            / elapsed_s
            for package in self._packages
        }
        return PowerSample(sum(rails_mw.values()), now_ns, rails_mw)

    def counters_uj(self) -> dict[str, int] | None:
        """Every package's counter, in microjoules; None where one cannot be read."""
        counters = {package.name: read_number(package.counter) for package in self._packages}
        known = {name: counter for name, counter in counters.items() if counter is not None}
        return known if len(known) == len(counters) else None


def find_rapl(root: Path, clock_ns: Callable[[], int]) -> Rapl | None:
    """The processors' counters; None where there are none, or they cannot be read."""
    packages = tuple(_packages(root / "sys/class/powercap"))
    reader = Rapl(packages, clock_ns)
    return reader if packages and reader.counters_uj() is not None else None


def _packages(powercap: Path) -> list[_Package]:
    """Zones named package-N; the others are parts of one (core, dram) or overlap with it (psys)."""
    packages = []
    for name in sorted(powercap.glob("intel-rapl:*/name")):
        text, range_uj = read_text(name) or "", read_number(name.parent / "max_energy_range_uj")
        if text.startswith("package-") and range_uj is not None:
            packages.append(_Package(text, name.parent / "energy_uj", range_uj))
    return packages


def _difference(before_uj: int, now_uj: int, range_uj: int) -> int:
    return now_uj - before_uj if now_uj >= before_uj else now_uj + range_uj - before_uj
