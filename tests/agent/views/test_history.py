from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agent.events import FrameEvent, Vitals
from agent.views.history import BUCKET_NS, RECENT_READINGS, History, Snapshot, Trend

NOON = datetime(2026, 11, 2, 12).astimezone()


def test_the_newest_reading_is_first_and_old_ones_are_dropped(make_event: Callable[..., FrameEvent]) -> None:
    history = History(0)
    for number in range(RECENT_READINGS + 10):
        history.add(make_event(str(number), number, (20, 20)), NOON)
    readings = history.snapshot(0).readings
    assert [reading.text for reading in readings[:2]] == ["209", "208"]
    assert len(readings) == RECENT_READINGS


def test_the_frame_rate_is_measured_over_the_last_seconds(make_event: Callable[..., FrameEvent]) -> None:
    history = History(0)
    assert history.snapshot(1).frames_per_s == 0.0
    for number in range(100):
        history.add(make_event(number=number), NOON)
    assert history.snapshot(9_900_000_000).frames_per_s == 10.0
    stalled = history.snapshot(60_000_000_000)
    assert stalled.frames_per_s == 10.0
    assert stalled.since_frame_s == 50.1


def test_a_power_sample_is_added_once_and_missing_values_are_skipped(make_event: Callable[..., FrameEvent]) -> None:
    history = History(0)
    for vitals in (None, *[Vitals(1, 2000.0)] * 5, Vitals(2, None, 40.0), Vitals(3, 3000.0, 41.0)):
        history.add(make_event(vitals=vitals), NOON)
    now = history.snapshot(0)
    assert now.power_mw == (2000.0, 3000.0)
    assert now.temperature_c == (40.0, 41.0)


def test_a_trend_keeps_the_maximum_of_each_half_second() -> None:
    trend = Trend()
    for step, value in enumerate([1.0, 9.0, 2.0, 3.0, 4.0, 8.0]):
        trend.add(value, step * BUCKET_NS // 3)
    assert trend.values() == (9.0, 8.0)


def test_before_the_first_event_the_snapshot_is_empty() -> None:
    assert History(0).snapshot(0) == Snapshot()
