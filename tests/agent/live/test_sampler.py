from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from agent.events import Vitals
from agent.live.sampler import Sampler, measure_vitals
from agent.sensors.power_sample import PowerSample
from agent.sensors.throttling import find_throttling_reader
from profiles.profile import Sensors

SENSORS = Sensors(temperature_zones=("cpu-thermal",), throttled="vcgencmd")


@dataclass(frozen=True)
class ConstantPower:
    """A power reader that always returns the same sample."""

    sample: PowerSample | None
    description: str = "a constant"

    def read(self) -> PowerSample | None:
        return self.sample


def test_the_newest_sample_is_available_and_measuring_ends_with_the_sampler() -> None:
    measured, third = list[Vitals](), threading.Event()

    def measure() -> Vitals:
        measured.append(Vitals(len(measured)))
        if len(measured) == 3:
            third.set()
        return measured[-1]

    sampler = Sampler(measure, period_s=0.01)
    assert third.wait(60)
    sampler.close()
    assert sampler.newest() == measured[-1]


def test_a_hanging_sensor_does_not_block() -> None:
    hanging = threading.Event()

    def measure() -> Vitals:
        hanging.wait(60)
        return Vitals(0)

    sampler = Sampler(measure, period_s=0.01)
    assert sampler.newest() is None
    sampler.close()
    hanging.set()


def test_all_sensors_of_a_board_are_measured(tmp_path: Path) -> None:
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("48250\n")
    power = ConstantPower(PowerSample(3210.0, 5))
    throttling = find_throttling_reader(SENSORS, tmp_path, lambda _: "throttled=0x50005\n")
    vitals = measure_vitals(SENSORS, power, throttling, root=tmp_path, clock_ns=lambda: 7)
    assert vitals == Vitals(5, 3210.0, 48.25, ("under-voltage", "throttled"))


def test_values_without_a_sensor_are_none(tmp_path: Path) -> None:
    silent = find_throttling_reader(SENSORS, tmp_path, lambda _: None)
    nothing = measure_vitals(SENSORS, None, silent, root=tmp_path, clock_ns=lambda: 7)
    assert (
        nothing == measure_vitals(Sensors(), ConstantPower(None), None, root=tmp_path, clock_ns=lambda: 7) == Vitals(7)
    )
