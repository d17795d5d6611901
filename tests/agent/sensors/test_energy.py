from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sensors.energy import EnergyMeter, energy_mj
from agent.sensors.sample import PowerSample


def at(seconds: float, power_mw: float) -> PowerSample:
    return PowerSample(power_mw, int(seconds * 1e9), {})


@pytest.mark.parametrize(
    ("samples", "expected_mj"),
    [
        ([], None),
        ([at(0, 5000)], None),
        ([at(0, 5000), at(2, 5000)], 10_000),
        ([at(0, 0), at(1, 1000)], 500),
        ([at(0, 1000), at(1, 3000), at(4, 3000)], 2000 + 9000),
        ([at(3, 1000), at(3, 1000)], 0),
    ],
)
def test_energy_is_power_over_time(samples: list[PowerSample], expected_mj: float | None) -> None:
    assert energy_mj(samples) == expected_mj


ROWS = st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 50_000)), min_size=2, max_size=20)


@given(ROWS, st.integers(1, 18))
def test_two_parts_have_the_energy_of_the_whole(rows: list[tuple[float, float]], cut: int) -> None:
    samples = [at(seconds, power_mw) for seconds, power_mw in sorted(rows)]
    middle = min(cut, len(samples) - 1)
    parts = [energy_mj(samples[: middle + 1]), energy_mj(samples[middle:])]
    assert energy_mj(samples) == pytest.approx(sum(part for part in parts if part is not None))


def test_a_meter_leaves_out_the_time_in_which_the_sensor_was_silent() -> None:
    meter, second = EnergyMeter(), 1_000_000_000
    for at_s, power_mw in ((0, 1000.0), (1, 1000.0), (1, 1000.0), (2, None), (9, 3000.0), (10, 3000.0)):
        meter.add(at_s * second, power_mw)
    assert (meter.energy_mj, meter.seconds, meter.samples) == (1000.0 + 3000.0, 2.0, 4)
    assert meter.mean_mw == 2000.0


@given(ROWS)
def test_a_meter_adds_up_as_the_trapezoid_does(rows: list[tuple[float, float]]) -> None:
    by_time = {int(seconds * 1e9): power_mw for seconds, power_mw in sorted(rows)}
    samples, meter = [PowerSample(mw, ns, {}) for ns, mw in by_time.items()], EnergyMeter()
    for sample in samples:
        meter.add(sample.taken_ns, sample.power_mw)
    assert meter.energy_mj == pytest.approx(energy_mj(samples) or 0.0)
    assert (meter.mean_mw is None) == (len(samples) < 2)
