from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agent.sensors.thermal import temperature_c, zones_c

WriteFiles = Callable[[Mapping[str, str]], Path]
THERMAL = "sys/class/thermal"


def zones(*pairs: tuple[str, str]) -> dict[str, str]:
    return {
        f"{THERMAL}/thermal_zone{n}/{name}": value
        for n, (kind, temp) in enumerate(pairs)
        for name, value in [("type", kind), ("temp", temp)]
    }


JETSON_NANO = zones(("AO-therm", "41500"), ("CPU-therm", "35000"), ("GPU-therm", "34500"), ("PMIC-Die", "100000"))


def test_zones_are_found_by_type_without_the_pmic(write_files: WriteFiles) -> None:
    assert zones_c(write_files(JETSON_NANO)) == {"AO-therm": 41.5, "CPU-therm": 35.0, "GPU-therm": 34.5}


@pytest.mark.parametrize(
    ("wanted", "expected_c"),
    [
        (("tj-thermal", "CPU-therm"), 35.0),
        (("AO-therm", "CPU-therm"), 41.5),
        (("cpu-thermal",), None),
        (("PMIC-Die",), None),
        ((), None),
    ],
)
def test_first_available_zone_type_is_used(
    write_files: WriteFiles, wanted: tuple[str, ...], expected_c: float | None
) -> None:
    assert temperature_c(wanted, write_files(JETSON_NANO)) == expected_c


def test_hotter_zone_of_a_type_is_used(write_files: WriteFiles) -> None:
    assert zones_c(write_files(zones(("acpitz", "27800"), ("acpitz", "16800")))) == {"acpitz": 27.8}


def test_failing_zone_is_skipped(write_files: WriteFiles) -> None:
    root = write_files(zones(("cv0-thermal", "0"), ("cpu-thermal", "48000"), ("gone", "1")))
    broken = root / f"{THERMAL}/thermal_zone0/temp"
    broken.unlink()
    broken.symlink_to("/proc/self/mem")  # reading address 0 is an I/O error
    (root / f"{THERMAL}/thermal_zone2/temp").unlink()
    assert zones_c(root) == {"cpu-thermal": 48.0}


def test_without_zones_there_is_no_temperature(root: Path) -> None:
    assert temperature_c(("cpu-thermal",), root) is None
