from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agent.sensors.hwmon import find_hwmon

Plant = Callable[[Mapping[str, str]], Path]
HWMON = "sys/class/hwmon"


def test_an_add_on_is_found_among_other_chips(plant: Plant) -> None:
    root = plant(
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
    assert reader.describe == "add-on ina219, taken to have a shunt of 10 mΩ: what is wired through it"
    sample = reader.read()
    assert sample is not None
    assert (sample.power_mw, sample.taken_ns, dict(sample.rails_mw)) == (2340.0, 5, {"ina219": 2340.0})


def test_an_unplugged_add_on_is_none(plant: Plant) -> None:
    root = plant({f"{HWMON}/hwmon0/name": "ina226", f"{HWMON}/hwmon0/power1_input": "1000"})
    reader = find_hwmon(root, lambda: 0)
    assert reader is not None
    (root / f"{HWMON}/hwmon0/power1_input").unlink()
    assert reader.read() is None
    assert find_hwmon(root, lambda: 0) is None


def test_no_hwmon_at_all(root: Path) -> None:
    assert find_hwmon(root, lambda: 0) is None
