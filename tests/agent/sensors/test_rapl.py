from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from agent.sensors.rapl import find_rapl

Plant = Callable[[Mapping[str, str]], Path]
POWERCAP = "sys/class/powercap"
RANGE_UJ = 262_143_328_850


def zone(number: str, name: str, energy_uj: int) -> dict[str, str]:
    return {
        f"{POWERCAP}/intel-rapl:{number}/name": name,
        f"{POWERCAP}/intel-rapl:{number}/energy_uj": str(energy_uj),
        f"{POWERCAP}/intel-rapl:{number}/max_energy_range_uj": str(RANGE_UJ),
    }


def seconds() -> Callable[[], int]:
    """A clock that moves one second a look."""
    return itertools.count(0, 1_000_000_000).__next__


def test_power_is_the_difference_of_two_reads(plant: Plant) -> None:
    root = plant(zone("0", "package-0", 1_000_000))
    reader = find_rapl(root, seconds())
    assert reader is not None
    assert reader.describe == "RAPL, package-0: the processor alone"
    assert reader.read() is None
    plant(zone("0", "package-0", 16_000_000))
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(15_000)


def test_the_counter_wraps(plant: Plant) -> None:
    reader = find_rapl(plant(zone("0", "package-0", RANGE_UJ - 4_000_000)), seconds())
    assert reader is not None
    reader.read()
    plant(zone("0", "package-0", 6_000_000))
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(10_000)


def test_packages_add_up_and_their_parts_do_not(plant: Plant) -> None:
    zones = [("0", "package-0"), ("0:0", "core"), ("1", "package-1"), ("2", "psys")]
    root = plant({path: text for number, name in zones for path, text in zone(number, name, 0).items()})
    reader = find_rapl(root, seconds())
    assert reader is not None
    reader.read()
    plant({path: text for number, name in zones for path, text in zone(number, name, 2_000_000).items()})
    sample = reader.read()
    assert sample is not None
    assert dict(sample.rails_mw) == {"package-0": 2000.0, "package-1": 2000.0}
    assert sample.power_mw == 4000.0


def test_after_a_failed_read_a_new_beginning(plant: Plant) -> None:
    root = plant(zone("0", "package-0", 0))
    reader = find_rapl(root, seconds())
    assert reader is not None
    reader.read()
    (root / f"{POWERCAP}/intel-rapl:0/energy_uj").unlink()
    assert reader.read() is None
    plant(zone("0", "package-0", 9_000_000))
    assert reader.read() is None
    plant(zone("0", "package-0", 10_000_000))
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(1000)


def test_no_time_between_two_reads_is_no_power(plant: Plant) -> None:
    reader = find_rapl(plant(zone("0", "package-0", 0)), lambda: 0)
    assert reader is not None
    assert (reader.read(), reader.read()) == (None, None)


def test_a_counter_for_root_only_is_no_reader(
    plant: Plant, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    root = plant(zone("0", "package-0", 0))
    (root / f"{POWERCAP}/intel-rapl:0/energy_uj").chmod(0o400)
    with ordinary_user():
        assert find_rapl(root, seconds()) is None


def test_no_counter_at_all(root: Path) -> None:
    assert find_rapl(root, seconds()) is None
