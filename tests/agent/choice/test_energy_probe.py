from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.choice.energy_probe import TURNS, measure_energy
from agent.sensors.power_sample import PowerSample

TEN = np.zeros((10, 28, 28), np.uint8)


class SleepingNet:
    """A net that sleeps in each call, and records that it was called."""

    called = False

    def __init__(self, call_ms: float) -> None:
        self._call_s = call_ms / 1000
        self.calls_s: list[float] = []
        """Time that each call took; a busy machine wakes a sleeping program late."""

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        SleepingNet.called = True
        started_s = time.perf_counter()
        time.sleep(self._call_s)
        self.calls_s.append(time.perf_counter() - started_s)
        return np.zeros((len(glyphs), 11), np.float32)


@dataclass
class ConstantSensor:
    """A sensor of a board with constant power; None stands for a sensor that returns no value."""

    power_mw: float | None
    description: str = "a steady sensor"

    def read(self) -> PowerSample | None:
        return None if self.power_mw is None else PowerSample(self.power_mw, time.monotonic_ns())


@pytest.mark.slow
@pytest.mark.parametrize("power_mw", [2000.0, 4000.0])
def test_energy_per_digit_is_power_times_time(power_mw: float) -> None:
    nets = SleepingNet(5), SleepingNet(20)
    energies = measure_energy(nets, [TEN, TEN], ConstantSensor(power_mw), seconds=0.3)
    for net, energy, min_mj in zip(nets, energies, (0.0005 * power_mw, 0.002 * power_mw), strict=True):
        assert energy is not None
        assert len(energy.blocks_mj) == TURNS
        mean_mj = power_mw * statistics.mean(net.calls_s) / len(TEN)
        assert min_mj <= energy.mj_per_digit < 2.5 * mean_mj  # a sleep is never shorter than requested
        assert energy.power_mw == energy.idle_mw == power_mw, "idle power is reported, not subtracted"
        assert energy.sensor == "a steady sensor"
        assert energy.samples >= 2 * TURNS
        assert 0 < energy.rate_hz <= 10


def test_sensor_without_values_gives_no_energy() -> None:
    assert measure_energy([SleepingNet(5)], [TEN], ConstantSensor(None), seconds=0.1) == [None]


@pytest.mark.slow
def test_turns_without_samples_are_ignored() -> None:
    class Failing(ConstantSensor):
        """Works while the board is idle, then twelve times more."""

        left = 12

        def read(self) -> PowerSample | None:
            self.left -= SleepingNet.called
            return super().read() if self.left > 0 else None

    SleepingNet.called = False
    (energy,) = measure_energy([SleepingNet(5)], [TEN], Failing(1000.0), seconds=0.5)
    assert energy is not None
    assert 1 <= len(energy.blocks_mj) <= TURNS
