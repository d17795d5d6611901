"""Figures as people read them: short, with units, and as sparklines."""

from __future__ import annotations

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇"
"""Without the full block, so that lines of them stay apart."""
BELOW, ABOVE = 0.75, 1.15
"""A sparkline reaches from so much of its least value to so much of its greatest: a steady value is a calm line."""


def sparkline(values: Sequence[float], width: int) -> str:
    """The last values as bars, `width` characters; blank on the left where there are too few values."""
    last = list(values)[-width:] if width > 0 else []
    low = BELOW * min(last, default=0.0)
    span = ABOVE * max(last, default=0.0) - low
    return "".join(BARS[int((value - low) / span * len(BARS))] if span > 0 else BARS[0] for value in last).rjust(width)


def ms(value_ms: float) -> str:
    """Milliseconds in at most five characters up to a minute and a half: 0.12, 1.23, 12.3, 123, 12345."""
    if value_ms < 9.995:
        return f"{value_ms:.2f}"
    return f"{value_ms:.1f}" if value_ms < 99.95 else f"{value_ms:.0f}"


def power(power_mw: float) -> str:
    """Power in watts: 850 mW is 0.85 W."""
    return f"{power_mw / 1000:.2f} W"


def energy(energy_mj: float) -> str:
    """Energy in joules, or in watt-hours where it is much."""
    joules = energy_mj / 1000
    return f"{joules:.1f} J" if joules < 36_000 else f"{joules / 3600:.1f} Wh"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, with days where there are any: 0:01:23, 3d 4:00:00."""
    minutes, whole_seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{f'{days}d ' if days else ''}{hours}:{minutes:02}:{whole_seconds:02}"


def took(seconds: float) -> str:
    """A short time in seconds, a longer one as a duration."""
    return f"{seconds:.1f} s" if seconds < 100 else duration(seconds)


def count(number: int) -> str:
    """A number with thin groups of three: 12 345."""
    return f"{number:,}".replace(",", " ")
