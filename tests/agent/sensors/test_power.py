from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from agent.doctor import Check, examine
from agent.sensors.power import find_power_reader, unreadable_sensors
from profiles.profile import load_profile

WriteFiles = Callable[[Mapping[str, str]], Path]
INA3221 = {
    "sys/bus/i2c/devices/1-0040/name": "ina3221",
    "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/in1_label": "VDD_IN",
    "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/in1_input": "5000",
    "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input": "1000",
}
INA219 = {"sys/class/hwmon/hwmon1/name": "ina219", "sys/class/hwmon/hwmon1/power1_input": "3000000"}
RAPL = {
    "sys/class/powercap/intel-rapl:0/name": "package-0",
    "sys/class/powercap/intel-rapl:0/energy_uj": "1",
    "sys/class/powercap/intel-rapl:0/max_energy_range_uj": "100",
}
PMIC = "VDD_CORE_A current(7)=1.0A\nVDD_CORE_V volt(15)=0.9V\n"


@pytest.mark.parametrize(
    ("board", "files", "answer", "expected"),
    [
        ("jetson-orin-nano", INA3221, None, "INA3221, rail VDD_IN"),
        ("pi5", {}, PMIC, "PMIC, sum of 1 rails"),
        ("pi5", INA219, PMIC, "add-on ina219"),
        ("pi4", INA219, PMIC, "add-on ina219"),
        ("generic-x86", RAPL, None, "RAPL, package-0"),
    ],
)
def test_each_board_finds_its_sensor(
    write_files: WriteFiles, board: str, files: Mapping[str, str], answer: str | None, expected: str
) -> None:
    reader = find_power_reader(load_profile(board), write_files(files), lambda _: answer)
    assert reader is not None
    assert reader.description.startswith(expected)


@pytest.mark.parametrize(("board", "files"), [("pi4", {}), ("pi4", RAPL), ("jetson-nano", INA219), ("generic-x86", {})])
def test_board_without_its_sensor_has_no_reader(write_files: WriteFiles, board: str, files: Mapping[str, str]) -> None:
    assert find_power_reader(load_profile(board), write_files(files), lambda _: None) is None


def test_unreadable_sensor_is_listed(
    write_files: WriteFiles, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    root = write_files(RAPL | INA219)
    counter = root / "sys/class/powercap/intel-rapl:0/energy_uj"
    counter.chmod(0o400)
    with ordinary_user():
        assert unreadable_sensors(root) == (counter,)


def test_doctor_warns_about_an_unreadable_sensor(
    write_files: WriteFiles, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    root = write_files(INA219 | {"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4"})
    sensor = root / "sys/class/hwmon/hwmon1/power1_input"

    def power() -> Check:
        diagnosis = examine(root, root, lambda _: None, lambda _: None, {"HOME": str(root)})
        return next(check for check in diagnosis.checks if check.name == "power")

    assert power().state == "ok"
    sensor.chmod(0o400)
    with ordinary_user():
        refused = power()
    assert (refused.state, refused.what) == ("warn", f"{sensor}: only root can read it")
    assert refused.advice == "to allow it, install the service: sudo digit-agent service install"
    sensor.unlink()
    assert power().what == "energy is not measurable on this board: no sensor that can be read (tried hwmon)"
