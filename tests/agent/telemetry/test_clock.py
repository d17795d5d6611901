from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.events import FrameEvent, Vitals
from agent.telemetry.clock import system_clock
from agent.telemetry.report import report

MakeEvent = Callable[..., FrameEvent]
YEAR_MS = 365 * 86_400_000


def test_the_system_clock_advances_and_names_its_boot(tmp_path: Path) -> None:
    clock = system_clock()
    before = clock.steady_ms()
    time.sleep(0.01)
    assert clock.steady_ms() > before
    assert abs(clock.wall_ms() - time.time() * 1000) < 60_000
    assert clock.boot == system_clock().boot
    assert system_clock(tmp_path).boot != system_clock(tmp_path).boot


@pytest.mark.parametrize("jump_ms", [3 * YEAR_MS, 90_000, 0, -45_000, -7_200_000, -5 * YEAR_MS])
def test_a_clock_that_jumps_does_not_change_the_statistics(
    jump_ms: int, make_log: Callable[..., Any], make_event: MakeEvent
) -> None:
    """A board without a battery: its clock is wrong at first, and is set after ten minutes."""
    log, right_ms = make_log(), make_log().clock.wall_ms
    log.clock.wall_ms -= jump_ms
    for second in range(1200):
        if second == 600:
            log.clock.wall_ms += jump_ms
        vitals = Vitals(second * 10**9, 3000.0, 50.0, ())
        log.buffer.add_frame(make_event(second, *(["42"] if second % 100 == 0 else []), vitals=vitals))
        log.clock.advance(1000)
        if second % 5 == 0:
            log.write()
    log.close()

    content = report(log.path, last=-1)
    (run,) = content.runs
    assert (run.seconds, run.frames, run.ended) == (1200.0, 1200, True)
    (hour,) = content.hours
    assert hour.start == "2026-11-22T12:00:00.000+00:00"
    assert (hour.frames, hour.readings, hour.seconds) == (1200, 12, 1200.0)
    assert hour.energy_mj == pytest.approx(1199 * 3000)
    times = [reading.at for reading in reversed(content.readings)]
    assert times[0] == "2026-11-22T12:00:00.000+00:00"
    assert times[-1] == "2026-11-22T12:18:20.000+00:00"
    assert times == sorted(times)
    assert right_ms == log.clock.wall_ms - 1_200_000


def test_a_boot_whose_clock_was_never_set_keeps_its_times(make_log: Callable[..., Any], make_event: MakeEvent) -> None:
    first = make_log()
    first.clock.wall_ms = 0
    first.buffer.add_frame(make_event(0, "1"))
    first.close()
    first.clock.boot, first.clock.steady_ms, first.clock.wall_ms = "second boot", 0, 1_795_348_800_000
    second = make_log()
    second.buffer.add_frame(make_event(0, "2"))
    second.close()
    assert [(reading.text, reading.at[:10]) for reading in report(second.path).readings] == [
        ("2", "2026-11-22"),
        ("1", "1970-01-01"),
    ]


def test_no_energy_is_integrated_across_a_long_gap(make_log: Callable[..., Any], make_event: MakeEvent) -> None:
    log = make_log()
    for second in (0, 1, 2, 3600, 3601):
        log.buffer.add_frame(make_event(second, vitals=Vitals(second * 10**9, 2000.0, None, None)))
    log.close()
    (day,) = report(log.path).days
    assert day.energy_mj == pytest.approx(3 * 2000)
    assert (day.mean_mw, day.max_c) == (2000.0, None)
