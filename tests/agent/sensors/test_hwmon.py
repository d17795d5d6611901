from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agent.sensors.hwmon import find_hwmon

WriteFiles = Callable[[Mapping[str, str]], Path]
HWMON = "sys/class/hwmon"


def test_add_on_sensor_is_found_among_other_chips(write_files: WriteFiles) -> None:
    root = write_files(
        {
            f"{HWMON}/hwmon0/name": "cpu_thermal",
            f"{HWMON}/hwmon1/name": "ina3221",
            f"{HWMON}/hwmon2/name": "ina219",
            f"{HWMON}/hwmon2/power1_input": "2340000",
            f"{HWMON}/hwmon2/shunt_resistor": "10000",
        }
    )
    reader = find_hwmon(root, lambda: 5)
    assert reader is not None
    assert reader.description == "add-on ina219, configured for a shunt of 10 mΩ: everything that is wired through it"
    sample = reader.read()
    assert sample is not None
    assert (sample.power_mw, sample.taken_ns) == (2340.0, 5)


def test_unplugged_add_on_sensor_is_none(write_files: WriteFiles) -> None:
    root = write_files({f"{HWMON}/hwmon0/name": "ina226", f"{HWMON}/hwmon0/power1_input": "1000"})
    reader = find_hwmon(root, lambda: 0)
    assert reader is not None
    (root / f"{HWMON}/hwmon0/power1_input").unlink()
    assert reader.read() is None
    assert find_hwmon(root, lambda: 0) is None


def test_without_hwmon_there_is_no_reader(root: Path) -> None:
    assert find_hwmon(root, lambda: 0) is None
