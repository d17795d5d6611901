from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from agent.sensors.ina3221 import find_ina3221

WriteFiles = Callable[[Mapping[str, str]], Path]
DEVICES = "sys/bus/i2c/devices"


def hwmon(device: str, rails: Mapping[int, tuple[str, str, str]], number: int = 3) -> dict[str, str]:
    """Files of a chip with JetPack 5 and later: label, millivolts and milliamperes of each channel."""
    files = {f"{DEVICES}/{device}/name": "ina3221"}
    for k, (label, millivolts, milliamperes) in rails.items():
        folder = f"{DEVICES}/{device}/hwmon/hwmon{number}"
        files |= {
            f"{folder}/in{k}_label": label,
            f"{folder}/in{k}_input": millivolts,
            f"{folder}/curr{k}_input": milliamperes,
        }
    return files


ORIN_NANO = hwmon(
    "1-0040",
    {1: ("VDD_IN", "5072", "960"), 2: ("VDD_CPU_GPU_CV", "5064", "168"), 3: ("VDD_SOC", "5064", "288")},
) | {f"{DEVICES}/1-0040/hwmon/hwmon3/in7_label": "sum of shunt voltages"}
AGX_ORIN = hwmon(
    "1-0040",
    {1: ("VDD_GPU_SOC", "19096", "168"), 2: ("VDD_CPU_CV", "19096", "42"), 3: ("VIN_SYS_5V0", "4992", "600")},
) | hwmon("1-0041", {1: ("NC", "0", "0"), 2: ("VDDQ_VDD2_1V8AO", "4992", "120"), 3: ("NC", "0", "0")}, number=4)
NANO = {f"{DEVICES}/6-0040/name": "ina3221x"} | {
    f"{DEVICES}/6-0040/iio:device0/{name}": value
    for k, (label, millivolts, milliamperes) in enumerate(
        [("POM_5V_IN", "5041", "420"), ("POM_5V_GPU", "5041", "40"), ("POM_5V_CPU", "5033", "120")]
    )
    for name, value in [
        (f"rail_name_{k}", label),
        (f"in_voltage{k}_input", millivolts),
        (f"in_current{k}_input", milliamperes),
        (f"in_power{k}_input", "9999"),
    ]
}


@pytest.mark.parametrize(
    ("files", "total_mw", "expected"),
    [
        (ORIN_NANO, 5072 * 960 / 1000, "rail VDD_IN: the whole module"),
        (NANO, 5041 * 420 / 1000, "rail POM_5V_IN: the whole module"),
        (
            AGX_ORIN,
            (19096 * 168 + 19096 * 42 + 4992 * 600 + 4992 * 120) / 1000,
            "module rails VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0 + VDDQ_VDD2_1V8AO: less than the board draws",
        ),
    ],
    ids=["orin-nano", "nano", "agx-orin"],
)
def test_total_of_each_jetson(
    write_files: WriteFiles, files: Mapping[str, str], total_mw: float, expected: str
) -> None:
    reader = find_ina3221(write_files(files), lambda: 42)
    assert reader is not None
    assert expected in reader.description
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(total_mw)
    assert sample.taken_ns == 42


def test_other_chip_is_no_power_sensor(write_files: WriteFiles) -> None:
    assert find_ina3221(write_files({f"{DEVICES}/1-0050/name": "24c02"}), lambda: 0) is None


def test_without_i2c_there_is_no_reader(root: Path) -> None:
    assert find_ina3221(root, lambda: 0) is None


def fail_with_eio(file: Path) -> None:
    """Reading this process's memory at address 0 fails with EIO, like a chip that does not answer."""
    file.unlink()
    file.symlink_to("/proc/self/mem")


@pytest.mark.parametrize("break_file", [fail_with_eio, Path.unlink, lambda file: file.write_text("n/a\n")])
def test_failing_total_is_none_and_recovers(write_files: WriteFiles, break_file: Callable[[Path], object]) -> None:
    root = write_files(ORIN_NANO)
    reader = find_ina3221(root, lambda: 0)
    assert reader is not None
    current = root / f"{DEVICES}/1-0040/hwmon/hwmon3/curr1_input"
    break_file(current)
    assert reader.read() is None
    current.unlink(missing_ok=True)
    current.write_text("960\n")
    assert reader.read() is not None


def test_failing_rail_does_not_affect_the_total_of_the_module(write_files: WriteFiles) -> None:
    root = write_files(ORIN_NANO)
    reader = find_ina3221(root, lambda: 0)
    assert reader is not None
    fail_with_eio(root / f"{DEVICES}/1-0040/hwmon/hwmon3/in3_input")
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(5072 * 960 / 1000)


def test_sum_without_a_rail_is_none(write_files: WriteFiles) -> None:
    root = write_files(AGX_ORIN)
    reader = find_ina3221(root, lambda: 0)
    assert reader is not None
    fail_with_eio(root / f"{DEVICES}/1-0041/hwmon/hwmon4/curr2_input")
    assert reader.read() is None


def test_files_that_only_root_can_read_give_no_value(
    write_files: WriteFiles, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    root = write_files(ORIN_NANO)
    (root / f"{DEVICES}/1-0040/hwmon/hwmon3/curr1_input").chmod(0o400)
    with ordinary_user():
        assert find_ina3221(root, lambda: 0) is None
