"""Format numbers for people: short, with units, or as a sparkline."""

from __future__ import annotations

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇"
"""Characters of a sparkline, lowest first; the full block is not used, so that lines below each other stay apart."""
BELOW, ABOVE = 0.75, 1.15
"""The scale of a sparkline reaches from BELOW times the minimum to ABOVE times the maximum.

With this margin small changes of a steady value stay small. Chosen by trial.
"""


def sparkline(values: Sequence[float], width: int) -> str:
    """Return the last values as `width` bar characters, padded with spaces on the left."""
    last = list(values)[-width:] if width > 0 else []
    low = BELOW * min(last, default=0.0)
    span = ABOVE * max(last, default=0.0) - low
    return "".join(BARS[int((value - low) / span * len(BARS))] if span > 0 else BARS[0] for value in last).rjust(width)


def format_ms(value_ms: float) -> str:
    """Format milliseconds in at most five characters, up to 100 seconds: 0.12, 1.23, 12.3, 123, 12345."""
    if value_ms < 9.995:
        return f"{value_ms:.2f}"
    return f"{value_ms:.1f}" if value_ms < 99.95 else f"{value_ms:.0f}"


def format_power(power_mw: float) -> str:
    """Format milliwatts as watts: 850 mW is 0.85 W."""
    return f"{power_mw / 1000:.2f} W"


def format_energy(energy_mj: float) -> str:
    """Format millijoules as joules, or as watt-hours from 10 Wh on."""
    joules = energy_mj / 1000
    return f"{joules:.1f} J" if joules < 36_000 else f"{joules / 3600:.1f} Wh"


def format_duration(seconds: float) -> str:
    """Format seconds as hours, minutes and seconds, with the days in front if there are any: 0:01:23, 3d 4:00:00."""
    minutes, seconds_left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{f'{days}d ' if days else ''}{hours}:{minutes:02}:{seconds_left:02}"


def format_seconds(seconds: float) -> str:
    """Format a time below 100 seconds with one decimal, and a longer one as a duration."""
    return f"{seconds:.1f} s" if seconds < 100 else format_duration(seconds)


def format_bytes(size: int) -> str:
    """Format a size of memory: 512 MB, 3.9 GB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def format_count(number: int) -> str:
    """Format an integer with commas between groups of three digits: 12,345."""
    return f"{number:,}"
