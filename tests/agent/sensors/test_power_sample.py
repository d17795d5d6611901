from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sensors.power_sample import EnergyIntegrator, PowerSample, energy_mj


def at(seconds: float, power_mw: float) -> PowerSample:
    return PowerSample(power_mw, int(seconds * 1e9))


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
def test_energy_is_the_integral_of_power(samples: list[PowerSample], expected_mj: float | None) -> None:
    assert energy_mj(samples) == expected_mj


ROWS = st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 50_000)), min_size=2, max_size=20)


@given(ROWS, st.integers(1, 18))
def test_energy_of_two_parts_adds_up(rows: list[tuple[float, float]], cut: int) -> None:
    samples = [at(seconds, power_mw) for seconds, power_mw in sorted(rows)]
    middle = min(cut, len(samples) - 1)
    parts = [energy_mj(samples[: middle + 1]), energy_mj(samples[middle:])]
    assert energy_mj(samples) == pytest.approx(sum(part for part in parts if part is not None))


def test_integrator_skips_the_time_without_samples() -> None:
    integrator, second = EnergyIntegrator(), 1_000_000_000
    for at_s, power_mw in ((0, 1000.0), (1, 1000.0), (1, 1000.0), (2, None), (9, 3000.0), (10, 3000.0)):
        integrator.add(at_s * second, power_mw)
    assert (integrator.energy_mj, integrator.seconds, integrator.samples) == (1000.0 + 3000.0, 2.0, 4)
    assert integrator.mean_mw == 2000.0


@given(ROWS)
def test_integrator_agrees_with_the_trapezoidal_rule(rows: list[tuple[float, float]]) -> None:
    by_time = {int(seconds * 1e9): power_mw for seconds, power_mw in sorted(rows)}
    samples, integrator = [PowerSample(mw, ns) for ns, mw in by_time.items()], EnergyIntegrator()
    for sample in samples:
        integrator.add(sample.taken_ns, sample.power_mw)
    assert integrator.energy_mj == pytest.approx(energy_mj(samples) or 0.0)
    assert (integrator.mean_mw is None) == (len(samples) < 2)
