"""The last hours of the log as time series without gaps, for `chart` and `plot`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from agent.telemetry.periods import EPOCH, Period

MAX_HOURS = 168
"""Maximum number of hours in a plot: one week."""
MIN_HOURS = 24
"""Minimum number of hours in a plot, so that a young log does not give a few very wide columns."""
LABEL_HOURS = 6
"""Hours between two labels of the time axis."""

Values = tuple["float | None", ...]


@dataclass(frozen=True)
class Series:
    """One quantity, hour by hour, oldest first; None in an hour without a measurement."""

    title: str
    unit: str
    lines: dict[str, Values]
    """Values of each line, by name. The first one is drawn as columns, the other ones as lines above them."""


@dataclass(frozen=True)
class Timeline:
    """Consecutive hours, including the hours in which the agent did not run."""

    starts: tuple[datetime, ...]
    """Start of each hour in local time, oldest first."""
    series: tuple[Series, ...]

    @property
    def labels(self) -> dict[int, str]:
        """Labels of the time axis by the index of their hour: the date at midnight, else the time every six hours."""
        return {
            index: f"{start:%m-%d}" if start.hour == 0 else f"{start:%H:%M}"
            for index, start in enumerate(self.starts)
            if start.hour % LABEL_HOURS == 0
        }


def last_hours(hours: Sequence[Period], limit: int = MAX_HOURS, zone: tzinfo | None = None) -> Timeline:
    """Return the hours up to the newest one, with the series that have values.

    Args:
        hours: hours of the log, newest first.
        limit: maximum number of hours.
        zone: time zone of the labels; None means this machine's.
    """
    by_start = {datetime.fromisoformat(hour.start): hour for hour in hours}
    newest = max(by_start, default=EPOCH)
    reach = max(((newest - start) // timedelta(hours=1) + 1 for start in by_start), default=0)
    shown = min(limit, max(reach, MIN_HOURS)) if by_start else 0
    starts = [newest - timedelta(hours=back) for back in range(shown - 1, -1, -1)]
    found = [by_start.get(start) for start in starts]

    def values(figure: Callable[[Period], float | None]) -> Values:
        return tuple(None if hour is None else figure(hour) for hour in found)

    series = (
        Series(
            "latency from capture to result",
            "ms",
            {
                "p50": values(lambda hour: None if hour.total is None else hour.total.p50_ms),
                "p95": values(lambda hour: None if hour.total is None else hour.total.p95_ms),
                "p99": values(lambda hour: None if hour.total is None else hour.total.p99_ms),
            },
        ),
        Series("numbers read", "", {"numbers": values(lambda hour: float(hour.readings))}),
        Series("mean power", "W", {"power": values(lambda hour: hour.mean_mw and hour.mean_mw / 1000)}),
        Series("highest temperature", "°C", {"temperature": values(lambda hour: hour.max_c)}),
        Series("faults", "", {"faults": values(lambda hour: float(hour.faults))}),
    )
    measured = tuple(one for one in series if any(value for value in next(iter(one.lines.values()))))
    return Timeline(tuple(start.astimezone(zone) for start in starts), measured)
