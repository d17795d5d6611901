from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.choice.energy_probe import TURNS, measure_energy
from agent.sensors.sample import PowerSample

TEN = np.zeros((10, 28, 28), np.uint8)


class Sleepy:
    """A net that takes so many milliseconds a call, and says so while it works."""

    working = False

    def __init__(self, call_ms: float) -> None:
        self._call_s = call_ms / 1000

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        Sleepy.working = True
        time.sleep(self._call_s)
        return np.zeros((len(glyphs), 11), np.float32)


@dataclass
class Steady:
    """A sensor of a board that draws so much, idle or not; or one that gives nothing."""

    power_mw: float | None
    describe: str = "a steady sensor"

    def read(self) -> PowerSample | None:
        return None if self.power_mw is None else PowerSample(self.power_mw, time.monotonic_ns(), {})


@pytest.mark.parametrize("power_mw", [2000.0, 4000.0])
def test_energy_is_power_times_time_for_each_digit(power_mw: float) -> None:
    fast, slow = measure_energy([Sleepy(5), Sleepy(20)], [TEN, TEN], Steady(power_mw), seconds=0.3)
    for energy, least_mj in ((fast, 0.0005 * power_mw), (slow, 0.002 * power_mw)):
        assert energy is not None
        assert len(energy.blocks_mj) == TURNS
        assert least_mj <= energy.mj_per_digit < 2.5 * least_mj  # a sleep is never shorter than asked
        assert energy.power_mw == energy.idle_mw == power_mw, "idle power is told, and not subtracted"
        assert energy.sensor == "a steady sensor"
        assert energy.samples >= 2 * TURNS
        assert 0 < energy.rate_hz <= 10


def test_a_sensor_that_gives_nothing_gives_no_energy() -> None:
    assert measure_energy([Sleepy(5)], [TEN], Steady(None), seconds=0.1) == [None]


def test_a_sensor_that_falls_silent_costs_the_turns_without_it() -> None:
    class Failing(Steady):
        """Works while nothing is done, then twelve times more."""

        left = 12

        def read(self) -> PowerSample | None:
            self.left -= Sleepy.working
            return super().read() if self.left > 0 else None

    Sleepy.working = False
    (energy,) = measure_energy([Sleepy(5)], [TEN], Failing(1000.0), seconds=0.5)
    assert energy is not None
    assert 1 <= len(energy.blocks_mj) <= TURNS
