from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from agent.sensors.rapl import find_rapl

WriteFiles = Callable[[Mapping[str, str]], Path]
POWERCAP = "sys/class/powercap"
RANGE_UJ = 262_143_328_850


def zone(number: str, name: str, energy_uj: int) -> dict[str, str]:
    return {
        f"{POWERCAP}/intel-rapl:{number}/name": name,
        f"{POWERCAP}/intel-rapl:{number}/energy_uj": str(energy_uj),
        f"{POWERCAP}/intel-rapl:{number}/max_energy_range_uj": str(RANGE_UJ),
    }


def seconds() -> Callable[[], int]:
    """A clock that advances one second per call."""
    return itertools.count(0, 1_000_000_000).__next__


def test_power_is_the_difference_of_two_reads(write_files: WriteFiles) -> None:
    root = write_files(zone("0", "package-0", 1_000_000))
    reader = find_rapl(root, seconds())
    assert reader is not None
    assert reader.description == "RAPL, package-0: only the processor"
    assert reader.read() is None
    write_files(zone("0", "package-0", 16_000_000))
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(15_000)


def test_counter_may_wrap_around(write_files: WriteFiles) -> None:
    reader = find_rapl(write_files(zone("0", "package-0", RANGE_UJ - 4_000_000)), seconds())
    assert reader is not None
    reader.read()
    write_files(zone("0", "package-0", 6_000_000))
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(10_000)


def test_only_packages_are_added_up(write_files: WriteFiles) -> None:
    zones = [("0", "package-0"), ("0:0", "core"), ("1", "package-1"), ("2", "psys")]
    root = write_files({path: text for number, name in zones for path, text in zone(number, name, 0).items()})
    reader = find_rapl(root, seconds())
    assert reader is not None
    reader.read()
    write_files({path: text for number, name in zones for path, text in zone(number, name, 2_000_000).items()})
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == 4000.0


def test_first_read_after_a_failure_is_none(write_files: WriteFiles) -> None:
    root = write_files(zone("0", "package-0", 0))
    reader = find_rapl(root, seconds())
    assert reader is not None
    reader.read()
    (root / f"{POWERCAP}/intel-rapl:0/energy_uj").unlink()
    assert reader.read() is None
    write_files(zone("0", "package-0", 9_000_000))
    assert reader.read() is None
    write_files(zone("0", "package-0", 10_000_000))
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(1000)


def test_two_reads_at_the_same_time_give_no_power(write_files: WriteFiles) -> None:
    reader = find_rapl(write_files(zone("0", "package-0", 0)), lambda: 0)
    assert reader is not None
    assert (reader.read(), reader.read()) == (None, None)


def test_counter_that_only_root_can_read_gives_no_reader(
    write_files: WriteFiles, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    root = write_files(zone("0", "package-0", 0))
    (root / f"{POWERCAP}/intel-rapl:0/energy_uj").chmod(0o400)
    with ordinary_user():
        assert find_rapl(root, seconds()) is None


def test_without_counter_there_is_no_reader(root: Path) -> None:
    assert find_rapl(root, seconds()) is None
