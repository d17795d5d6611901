"""All readers of kernel files, with a file that fails in every possible way."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.sensors.hwmon import find_hwmon
from agent.sensors.ina3221 import find_ina3221
from agent.sensors.pmic import find_pmic
from agent.sensors.power_sample import PowerReader
from agent.sensors.rapl import find_rapl
from agent.sensors.sources import run_command
from agent.sensors.thermal import temperature_c
from agent.sensors.throttling import Soctherm

WriteFiles = Callable[[Mapping[str, str]], Path]
OrdinaryUser = Callable[[], AbstractContextManager[None]]
JETPACK_5, JETPACK_4 = "sys/bus/i2c/devices/1-0040/hwmon/hwmon3", "sys/bus/i2c/devices/6-0040/iio:device0"
ADD_ON, PACKAGE = "sys/class/hwmon/hwmon2", "sys/class/powercap/intel-rapl:0"
ZONE, SOCTHERM = "sys/class/thermal/thermal_zone0", "sys/class/hwmon/hwmon3"


@dataclass(frozen=True)
class Case:
    """Files of a sensor, the file that fails, and a function that reads the sensor."""

    files: Mapping[str, str]
    failing_file: str
    open: Callable[[Path], Callable[[], object] | None]


def clock() -> Callable[[], int]:
    """A clock that advances one second per call."""
    return itertools.count(0, 10**9).__next__


def power(
    find: Callable[[Path, Callable[[], int]], PowerReader | None],
) -> Callable[[Path], Callable[[], object] | None]:
    """Return a function that reads the power; the first read only starts the measurement."""

    def open_(root: Path) -> Callable[[], object] | None:
        reader = find(root, clock())
        if reader is None:
            return None
        reader.read()
        return reader.read

    return open_


CASES = {
    "INA3221, JetPack 5": Case(
        {
            "sys/bus/i2c/devices/1-0040/name": "ina3221",
            f"{JETPACK_5}/in1_label": "VDD_IN",
            f"{JETPACK_5}/in1_input": "5072",
            f"{JETPACK_5}/curr1_input": "960",
        },
        f"{JETPACK_5}/curr1_input",
        power(find_ina3221),
    ),
    "INA3221, JetPack 4": Case(
        {
            "sys/bus/i2c/devices/6-0040/name": "ina3221x",
            f"{JETPACK_4}/rail_name_0": "POM_5V_IN",
            f"{JETPACK_4}/in_voltage0_input": "5041",
            f"{JETPACK_4}/in_current0_input": "420",
        },
        f"{JETPACK_4}/in_voltage0_input",
        power(find_ina3221),
    ),
    "INA219": Case(
        {f"{ADD_ON}/name": "ina219", f"{ADD_ON}/power1_input": "2340000"}, f"{ADD_ON}/power1_input", power(find_hwmon)
    ),
    "RAPL": Case(
        {f"{PACKAGE}/name": "package-0", f"{PACKAGE}/energy_uj": "5", f"{PACKAGE}/max_energy_range_uj": "9000000"},
        f"{PACKAGE}/energy_uj",
        power(find_rapl),
    ),
    "thermal zone": Case(
        {f"{ZONE}/type": "cpu-thermal", f"{ZONE}/temp": "48000"},
        f"{ZONE}/temp",
        lambda root: lambda: temperature_c(("cpu-thermal",), root),
    ),
    "soctherm": Case(
        {f"{SOCTHERM}/name": "soctherm_oc"} | {f"{SOCTHERM}/oc{k}_event_cnt": "0" for k in (1, 2, 3)},
        f"{SOCTHERM}/oc2_event_cnt",
        Soctherm,
    ),
}


def remove(file: Path) -> None:
    file.unlink()


def fail_with_eio(file: Path) -> None:
    """Reading this process's memory at address 0 fails with EIO, like a chip that does not answer."""
    file.unlink()
    file.symlink_to("/proc/self/mem")


def replace_by_a_pipe(file: Path) -> None:
    """A pipe without a writer: opening it blocks forever, unless O_NONBLOCK is set."""
    file.unlink()
    os.mkfifo(file)


def replace_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def make_empty(file: Path) -> None:
    file.write_text("")


def write_invalid_text(file: Path) -> None:
    file.write_bytes(b"\xff n/a\n")


FAILURES = (remove, fail_with_eio, replace_by_a_pipe, replace_by_a_folder, make_empty, write_invalid_text)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("break_file", FAILURES)
def test_file_that_fails_later_is_none_and_recovers(
    write_files: WriteFiles, case: Case, break_file: Callable[[Path], None]
) -> None:
    root = write_files(case.files)
    read = case.open(root)
    assert read is not None
    assert read() is not None
    failing_file = root / case.failing_file
    break_file(failing_file)
    assert read() is None
    failing_file.rmdir() if failing_file.is_dir() else failing_file.unlink(missing_ok=True)
    write_files(case.files)
    assert any(read() is not None for _ in range(2)), "the first read of a counter only starts the measurement"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("break_file", FAILURES)
def test_file_that_fails_at_the_start_is_no_sensor(
    write_files: WriteFiles, case: Case, break_file: Callable[[Path], None]
) -> None:
    root = write_files(case.files)
    break_file(root / case.failing_file)
    read = case.open(root)
    assert read is None or read() is None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_file_that_only_root_can_read_is_no_sensor(
    write_files: WriteFiles, case: Case, ordinary_user: OrdinaryUser
) -> None:
    root = write_files(case.files)
    (root / case.failing_file).chmod(0o400)
    with ordinary_user():
        read = case.open(root)
        assert read is None or read() is None


PMIC = "VDD_CORE_A current(7)=1.0A\\nVDD_CORE_V volt(15)=0.9V\\n"
PI_5 = f"printf '{PMIC}'"
FAULTY_COMMANDS = {
    "is missing": None,
    "hangs": "exec sleep 60",
    "crashes": "kill -SEGV $$",
    "is refused": 'echo "VCHI initialization failed"; exit 255',
    "knows no PMIC": "echo 'error=1 error_msg=\"Command not registered\"'",
    "breaks off": "printf 'VDD_CORE_A current(7)=1.0A\\nVDD_CO'",
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTY_COMMANDS.values(), ids=FAULTY_COMMANDS)
def test_failing_firmware_command_is_none_and_recovers(tmp_path: Path, fault: str | None) -> None:
    program = tmp_path / "vcgencmd"

    def install(script: str | None) -> None:
        program.unlink(missing_ok=True)
        if script is not None:
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)

    def run(argv: Sequence[str]) -> str | None:
        hangs = program.exists() and "sleep" in program.read_text()
        return run_command((str(tmp_path / argv[0]), *argv[1:]), timeout_s=0.5 if hangs else 30.0)

    install(fault)
    started_s = time.monotonic()
    assert find_pmic(run, clock()) is None
    assert time.monotonic() - started_s < 30
    install(PI_5)
    reader = find_pmic(run, clock())
    assert reader is not None
    install(fault)
    assert reader.read() is None
    install(PI_5)
    assert reader.read() is not None
