from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sensors.energy import energy_mj
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
