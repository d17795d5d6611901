from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.events import FrameEvent, Vitals
from agent.telemetry.clock import system_clock
from agent.telemetry.report import report

MakeTick = Callable[..., FrameEvent]
YEAR_MS = 365 * 86_400_000


def test_the_machines_clock_goes_on_and_names_its_boot(tmp_path: Path) -> None:
    clock = system_clock()
    before = clock.steady_ms()
    time.sleep(0.01)
    assert clock.steady_ms() > before
    assert abs(clock.wall_ms() - time.time() * 1000) < 60_000
    assert clock.boot == system_clock().boot
    assert system_clock(tmp_path).boot != system_clock(tmp_path).boot


@pytest.mark.parametrize("jump_ms", [3 * YEAR_MS, 90_000, 0, -45_000, -7_200_000, -5 * YEAR_MS])
def test_a_clock_that_jumps_breaks_no_statistics(
    jump_ms: int, journal: Callable[..., Any], make_tick: MakeTick
) -> None:
    """A board without a battery: it begins some time ago, and learns the time after ten minutes."""
    log, right_ms = journal(), journal().hand.wall_ms
    log.hand.wall_ms -= jump_ms
    for second in range(1200):
        if second == 600:
            log.hand.wall_ms += jump_ms
        vitals = Vitals(second * 10**9, 3000.0, 50.0, ())
        log.book.take(make_tick(second, *(["42"] if second % 100 == 0 else []), vitals=vitals))
        log.hand.go(1000)
        if second % 5 == 0:
            log.write()
    log.close()

    told = report(log.path, last=-1)
    (run,) = told.runs
    assert (run.seconds, run.frames, run.ended) == (1200.0, 1200, True)
    (hour,) = told.hours
    assert hour.start == "2026-11-22T12:00:00.000+00:00"
    assert (hour.frames, hour.readings, hour.seconds) == (1200, 12, 1200.0)
    assert hour.energy_mj == pytest.approx(1199 * 3000)
    times = [reading.at for reading in reversed(told.readings)]
    assert times[0] == "2026-11-22T12:00:00.000+00:00"
    assert times[-1] == "2026-11-22T12:18:20.000+00:00"
    assert times == sorted(times)
    assert right_ms == log.hand.wall_ms - 1_200_000


def test_a_boot_whose_time_was_never_set_keeps_what_its_clock_said(
    journal: Callable[..., Any], make_tick: MakeTick
) -> None:
    first = journal()
    first.hand.wall_ms = 0
    first.book.take(make_tick(0, "1"))
    first.close()
    first.hand.boot, first.hand.steady_ms, first.hand.wall_ms = "second boot", 0, 1_795_348_800_000
    second = journal()
    second.book.take(make_tick(0, "2"))
    second.close()
    assert [(reading.text, reading.at[:10]) for reading in report(second.path).readings] == [
        ("2", "2026-11-22"),
        ("1", "1970-01-01"),
    ]


def test_samples_far_apart_tell_no_energy_between_them(journal: Callable[..., Any], make_tick: MakeTick) -> None:
    log = journal()
    for second in (0, 1, 2, 3600, 3601):
        log.book.take(make_tick(second, vitals=Vitals(second * 10**9, 2000.0, None, None)))
    log.close()
    (day,) = report(log.path).days
    assert day.energy_mj == pytest.approx(3 * 2000)
    assert (day.mean_mw, day.max_c) == (2000.0, None)
