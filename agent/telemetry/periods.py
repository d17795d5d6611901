"""Measurements by the hour and by the day, from the minutes and hours of the log."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import groupby

from agent.telemetry.retention import MS_PER_HOUR
from agent.telemetry.rollup import Rollup, unpack

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST_MS, LAST_MS = (
    (moment - EPOCH) // timedelta(milliseconds=1)
    for moment in (datetime(1900, 1, 1, tzinfo=timezone.utc), datetime(2999, 12, 31, 23, tzinfo=timezone.utc))
)
"""Times before and after these are damaged, and shown as these. Python's calendar ends in the year 9999."""
AT_MS = "CAST(coalesce(begun.at_ms + row.after_ms, row.at_ms, 0) AS INTEGER)"
"""SQL for the time of a row: by the newest setting of the wall clock; if the row's run was deleted, by the setting when
the row was written."""
JOIN_BEGUN = "AS row LEFT JOIN begun ON begun.run = row.run"
"""SQL that follows a table's name and makes `AT_MS` available."""
FAULTS_BY_HOUR = f"SELECT {AT_MS} / {MS_PER_HOUR} AS hour, count(*) FROM faults {JOIN_BEGUN} GROUP BY hour"  # noqa: S608
MINUTES = f"SELECT {AT_MS} / {MS_PER_HOUR}, figures FROM minutes {JOIN_BEGUN}"  # noqa: S608


@dataclass(frozen=True)
class StageLatency:
    """Latency of one stage. Percentiles are nearest ranks, exact within half a percent."""

    stage: str
    frames: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Period:
    """Measurements of an hour or a day; None if a value was not measured."""

    start: str
    """Start in ISO 8601: UTC time of an hour, local date of a day."""
    seconds: float
    """Time in which the agent ran."""
    frames: int
    dropped: int
    readings: int
    faults: int
    energy_mj: float | None
    """Energy of the time in which power was measured."""
    mean_mw: float | None
    max_mw: float | None
    max_c: float | None
    throttled_s: float
    latency: tuple[StageLatency, ...]

    @property
    def total(self) -> StageLatency | None:
        """Latency from capture to result; None if no frame was analysed."""
        return next((stage for stage in self.latency if stage.stage == "total"), None)


def iso(at_ms: int) -> str:
    """Format milliseconds since 1970 as ISO 8601, UTC. The clock may never have been set."""
    at_s, fraction_ms = divmod(min(max(at_ms, FIRST_MS), LAST_MS), 1000)
    return f"{_iso_second(at_s)}.{fraction_ms:03}+00:00"


@lru_cache(maxsize=64)  # many readings fall into the same second
def _iso_second(at_s: int) -> str:
    return (EPOCH + timedelta(seconds=at_s)).replace(tzinfo=None).isoformat()


def periods(
    connection: sqlite3.Connection, last: int, zone: tzinfo | None
) -> tuple[tuple[Period, ...], tuple[Period, ...]]:
    """Return the newest hours and days.

    Apart from the minutes, the rollups of only one day are in memory at a time.

    Args:
        connection: the database.
        last: maximum number of hours and of days; -1 is all.
        zone: time zone of the days; None is this machine's.
    """
    minutes: dict[int, Rollup] = {}
    for hour, stored in connection.execute(MINUTES):
        minutes.setdefault(hour, Rollup()).merge(unpack(stored))
    faults = dict(connection.execute(FAULTS_BY_HOUR))
    stored_hours = {hour for (hour,) in connection.execute("SELECT hour FROM hours")}
    hours, days = list[Period](), list[Period]()
    by_day = groupby(sorted({*minutes, *faults, *stored_hours}, reverse=True), key=lambda hour: _day(hour, zone))
    for day, hours_of_day in by_day:
        if len(days) == last:
            break
        day_rollup, day_faults = Rollup(), 0
        for hour in hours_of_day:
            rollup = minutes.get(hour, Rollup())
            for (stored,) in connection.execute("SELECT figures FROM hours WHERE hour = ?", (hour,)):
                rollup.merge(unpack(stored))
            day_rollup.merge(rollup)
            day_faults += faults.get(hour, 0)
            if len(hours) != last:
                hours.append(_period(iso(hour * MS_PER_HOUR), rollup, faults.get(hour, 0)))
        days.append(_period(day, day_rollup, day_faults))
    return tuple(hours), tuple(days)


def _period(start: str, rollup: Rollup, faults: int) -> Period:
    return Period(
        start=start,
        seconds=rollup.duration_ms / 1000,
        frames=rollup.frames,
        dropped=rollup.dropped,
        readings=rollup.readings,
        faults=faults,
        energy_mj=rollup.energy_mj if rollup.powered_ms else None,
        mean_mw=rollup.mean_mw,
        max_mw=rollup.max_mw,
        max_c=rollup.max_c,
        throttled_s=rollup.throttled_ms / 1000,
        latency=tuple(
            StageLatency(stage, histogram.count, *astuple(histogram.percentiles()))
            for stage, histogram in rollup.latency.items()
            if histogram.count
        ),
    )


def _day(hour: int, zone: tzinfo | None) -> str:
    at_ms = min(max(hour * MS_PER_HOUR, FIRST_MS), LAST_MS)
    return f"{(EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone):%Y-%m-%d}"
