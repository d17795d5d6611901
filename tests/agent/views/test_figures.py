from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.views.figures import count, duration, energy, ms, power, sparkline, took


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        ([], 3, "   "),
        ([1, 2], 4, "  ▂▆"),
        ([5, 5, 5], 3, "▅▅▅"),
        ([0, 0], 2, "▁▁"),
        ([4, 40, 4], 2, "▇▁"),
        ([1, 2, 3], 0, ""),
    ],
)
def test_a_sparkline_shows_the_last_values_and_a_steady_one_as_a_calm_line(
    values: list[float], width: int, line: str
) -> None:
    assert sparkline(values, width) == line


@given(st.lists(st.floats(0, 1e9), max_size=50), st.integers(0, 60))
def test_a_sparkline_has_its_width_and_grows_with_its_values(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == width
    shown = values[-width:] if width else []
    bars = line[len(line) - len(shown) :]
    assert [bar for _, bar in sorted(zip(shown, bars, strict=True))] == sorted(bars)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (ms(0.123), "0.12"),
        (ms(9.999), "10.0"),
        (ms(12.34), "12.3"),
        (ms(123.4), "123"),
        (power(850), "0.85 W"),
        (energy(1500), "1.5 J"),
        (energy(72_000_000), "20.0 Wh"),
        (duration(83), "0:01:23"),
        (duration(3 * 86400 + 4 * 3600), "3d 4:00:00"),
        (took(8.46), "8.5 s"),
        (took(120), "0:02:00"),
        (count(1234567), "1 234 567"),
    ],
)
def test_figures_are_short_and_have_units(shown: str, text: str) -> None:
    assert shown == text
