"""What was measured by the hour and by the day, from the minutes and hours of the log."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import groupby

from agent.telemetry.retention import MS_PER_HOUR
from agent.telemetry.rollup import Rollup, unpack

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
AT = "coalesce(begun.at_ms + row.after_ms, row.at_ms)"
"""When a row was made, by the clock as it was set last; by the clock of then, where its run is forgotten."""
FROM = "AS row LEFT JOIN begun ON begun.run = row.run"
FAULTS_BY_HOUR = f"SELECT {AT} / {MS_PER_HOUR} AS hour, count(*) FROM faults {FROM} GROUP BY hour"  # noqa: S608
MINUTES = f"SELECT {AT} / {MS_PER_HOUR}, figures FROM minutes {FROM}"  # noqa: S608


@dataclass(frozen=True)
class StageLatency:
    """One stage's latency; percentiles are nearest ranks, right within half a percent."""

    stage: str
    frames: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Period:
    """An hour or a day; None was not measured."""

    start: str
    """An hour's as all times here; a local day's as a date."""
    seconds: float
    """How long the agent ran in it."""
    frames: int
    dropped: int
    readings: int
    faults: int
    energy_mj: float | None
    """Over the time in which power was measured."""
    mean_mw: float | None
    max_mw: float | None
    max_c: float | None
    throttled_s: float
    latency: tuple[StageLatency, ...]

    @property
    def total(self) -> StageLatency | None:
        """From capture to result; None where no frame was read."""
        return next((stage for stage in self.latency if stage.stage == "total"), None)


def iso(at_ms: int) -> str:
    """UTC, to the millisecond; whatever a clock that was never set says, too."""
    return (EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")


def periods(
    connection: sqlite3.Connection, last: int, zone: tzinfo | None
) -> tuple[tuple[Period, ...], tuple[Period, ...]]:
    """The newest hours and days; only one day's figures are held at a time, besides those of minutes."""
    minutes: dict[int, Rollup] = {}
    for hour, figures in connection.execute(MINUTES):
        minutes.setdefault(hour, Rollup()).merge(unpack(figures))
    faulty = dict(connection.execute(FAULTS_BY_HOUR))
    known = {hour for (hour,) in connection.execute("SELECT hour FROM hours")}
    hours, days = list[Period](), list[Period]()
    by_day = groupby(sorted({*minutes, *faulty, *known}, reverse=True), key=lambda hour: _day(hour, zone))
    for day, hours_of_day in by_day:
        if len(days) == last:
            break
        day_span, day_faults = Rollup(), 0
        for hour in hours_of_day:
            span = minutes.get(hour, Rollup())
            for (figures,) in connection.execute("SELECT figures FROM hours WHERE hour = ?", (hour,)):
                span.merge(unpack(figures))
            day_span.merge(span)
            day_faults += faulty.get(hour, 0)
            if len(hours) != last:
                hours.append(_period(iso(hour * MS_PER_HOUR), span, faulty.get(hour, 0)))
        days.append(_period(day, day_span, day_faults))
    return tuple(hours), tuple(days)


def _period(start: str, span: Rollup, faults: int) -> Period:
    return Period(
        start=start,
        seconds=span.span_ms / 1000,
        frames=span.frames,
        dropped=span.dropped,
        readings=span.readings,
        faults=faults,
        energy_mj=span.energy_mj if span.powered_ms else None,
        mean_mw=span.mean_mw,
        max_mw=span.max_mw,
        max_c=span.max_c,
        throttled_s=span.throttled_ms / 1000,
        latency=tuple(
            StageLatency(stage, latencies.values, *astuple(latencies.summary()))
            for stage, latencies in span.latency.items()
        ),
    )


def _day(hour: int, zone: tzinfo | None) -> str:
    return f"{(EPOCH + timedelta(hours=hour)).astimezone(zone):%Y-%m-%d}"
