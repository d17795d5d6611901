"""The last hours of the log as series without gaps, and where their time axis is labelled: what both plots draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from agent.telemetry.periods import EPOCH, Period

HOURS = 168
"""A plot shows at most a week, ..."""
LEAST_HOURS = 24
"""... and no less than a day, so that a column is never as wide as the plot."""
EVERY_HOURS = 6

Values = tuple["float | None", ...]


@dataclass(frozen=True)
class Series:
    """Something that was measured, hour by hour, the oldest first; None where nothing was."""

    title: str
    unit: str
    lines: dict[str, Values]
    """By name; the first is drawn as columns, the others above it."""


@dataclass(frozen=True)
class Timeline:
    """Hours in their order, also those in which the agent did not run."""

    starts: tuple[datetime, ...]
    """Local time."""
    series: tuple[Series, ...]

    @property
    def labels(self) -> dict[int, str]:
        """What stands below an hour's place: the date at midnight, the time each six hours."""
        return {
            place: f"{start:%m-%d}" if start.hour == 0 else f"{start:%H:%M}"
            for place, start in enumerate(self.starts)
            if start.hour % EVERY_HOURS == 0
        }


def last_hours(hours: Sequence[Period], most: int = HOURS, zone: tzinfo | None = None) -> Timeline:
    """The hours up to the newest that are worth drawing.

    Args:
        hours: the newest first.
        most: how many hours to show at most.
        zone: whose time it is; None is this machine's.
    """
    by_start = {datetime.fromisoformat(hour.start): hour for hour in hours}
    newest = max(by_start, default=EPOCH)
    reach = max(((newest - start) // timedelta(hours=1) + 1 for start in by_start), default=0)
    shown = min(most, max(reach, LEAST_HOURS)) if by_start else 0
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
