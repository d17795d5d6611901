from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.views.units import (
    format_count,
    format_duration,
    format_energy,
    format_ms,
    format_power,
    format_seconds,
    sparkline,
)


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
def test_a_sparkline_shows_the_last_values(values: list[float], width: int, line: str) -> None:
    assert sparkline(values, width) == line


@pytest.mark.slow
@given(st.lists(st.floats(0, 1e9), max_size=50), st.integers(0, 60))
def test_a_sparkline_has_its_width_and_is_monotonic(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == width
    shown = values[-width:] if width else []
    bars = line[len(line) - len(shown) :]
    assert [bar for _, bar in sorted(zip(shown, bars, strict=True))] == sorted(bars)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (format_ms(0.123), "0.12"),
        (format_ms(9.999), "10.0"),
        (format_ms(12.34), "12.3"),
        (format_ms(123.4), "123"),
        (format_power(850), "0.85 W"),
        (format_energy(1500), "1.5 J"),
        (format_energy(72_000_000), "20.0 Wh"),
        (format_duration(83), "0:01:23"),
        (format_duration(3 * 86400 + 4 * 3600), "3d 4:00:00"),
        (format_seconds(8.46), "8.5 s"),
        (format_seconds(120), "0:02:00"),
        (format_count(1234567), "1,234,567"),
    ],
)
def test_numbers_are_short_and_have_units(shown: str, text: str) -> None:
    assert shown == text
