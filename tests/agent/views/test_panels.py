from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from rich.cells import cell_len
from rich.console import Console

from agent.capture.outage import Outage
from agent.events import (
    Counts,
    FaultEvent,
    FrameEvent,
    OutageEvent,
    OutletCounts,
    RunInfo,
    SendingCounts,
    Sighting,
    Vitals,
)
from agent.forms.record import Record, RecordField
from agent.sensors.load import Load
from agent.views.history import History, Snapshot
from agent.views.panels import dashboard

MakeEvent = Callable[..., FrameEvent]
MakeConsole = Callable[..., Console]
SIZES = [(80, 24), (160, 50), (120, 36), (76, 18), (60, 40), (40, 12), (20, 4), (5, 2), (1, 1), (300, 90)]


def show(console: Console, info: RunInfo, now: Snapshot) -> list[str]:
    """Return the lines of the screen without colours."""
    lines = console.render_lines(dashboard(info, now, *console.size))
    return ["".join(segment.text for segment in line) for line in lines]


@pytest.fixture
def busy(make_event: MakeEvent) -> Snapshot:
    history = History(0)
    for number in range(60):
        vitals = Vitals(number, 3_600.0, 61.5, ("under-voltage",), Load(0.37, 0.41, 3_900_000_000))
        history.add(make_event("561247", number, vitals=vitals), datetime(2026, 11, 2, 14, 3, number).astimezone())
    history.add(FaultEvent("page.jpg is cut off or damaged; copy it again"), datetime.now().astimezone())
    return history.snapshot(5_900_000_000)


def test_a_run_that_reads_forms_shows_the_newest_record(
    make_event: MakeEvent, make_console: MakeConsole, info: RunInfo
) -> None:
    history, at = History(0), datetime(2026, 11, 2, 14, 3).astimezone()
    history.add(replace(make_event(number=1), form_note="the sheet does not lie still yet"), at)
    text = "\n".join(show(make_console(100, 30), info, history.snapshot(200_000_000)))
    assert "the sheet does not lie still yet" in text
    corners = ((0.0, 0.0),) * 4
    fields = (
        RecordField("apples", Decimal(312), "312", "312", 0.98, (), corners),
        RecordField("total", None, "359", "359", 0.95, ("total = apples",), corners),
    )
    history.add(replace(make_event(number=2), records=(Record("delivery", fields),), counts=Counts(3, records=1)), at)
    lines = show(make_console(100, 30), info, history.snapshot(300_000_000))
    assert any("record 1" in line and "delivery, 14:03:00" in line for line in lines)
    assert any("apples" in line and "312" in line and "98%" in line for line in lines)
    assert any("total" in line and "359  to check" in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colours", ["truecolor", "256", "standard", None])
def test_the_dashboard_fills_any_screen_exactly(
    size: tuple[int, int], colours: str | None, info: RunInfo, busy: Snapshot, make_console: MakeConsole
) -> None:
    for now in (busy, Snapshot()):
        lines = show(make_console(*size, colours), info, now)
        assert len(lines) == size[1]
        assert {cell_len(line) for line in lines} == {size[0]}


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_the_dashboard_shows_the_state_of_the_run(
    size: tuple[int, int], info: RunInfo, busy: Snapshot, make_console: MakeConsole
) -> None:
    screen = "\n".join(show(make_console(*size), info, busy))
    for expected in (
        "demo, seed 1",
        "10.0 frames/s",
        "0:00:05",
        "14:03:59 561247",
        "95%",
        "2.50",
        "3.60 W",
        "61.5 °C",
        "under-voltage",
        "37%",
        "41% of 3.9 GB",
        "60, 2 dropped",
        "plain-int8.tflite in ai-edge-litert",
        "3.1 µs a digit",
        "generic-x86",
        "640 × 480",
        "page.jpg is cut off",
    ):
        assert expected in screen


@pytest.mark.parametrize(("size", "stages"), [((80, 24), 2), ((80, 30), 7), ((160, 50), 7), ((60, 40), 7)])
def test_a_low_screen_has_fewer_stages_and_more_readings(
    size: tuple[int, int], stages: int, info: RunInfo, busy: Snapshot, make_console: MakeConsole
) -> None:
    screen = show(make_console(*size), info, busy)
    assert sum(" 2.50  2.50 " in line for line in screen) == stages
    assert sum("561247" in line for line in screen) >= 3


def test_a_number_that_is_not_announced_yet_says_why(
    info: RunInfo, make_event: MakeEvent, make_console: MakeConsole
) -> None:
    event = make_event("42")
    waiting = replace(event, announced=(), sightings=(Sighting(event.announced[0], "too near the edge"),))
    history = History(0)
    history.add(waiting, datetime.now().astimezone())
    screen = "\n".join(show(make_console(80, 24), info, history.snapshot(0)))
    assert "42  too near the edge" in screen


def test_a_missing_sensor_is_shown_and_never_as_zero(
    info: RunInfo, make_event: MakeEvent, make_console: MakeConsole
) -> None:
    history = History(0)
    history.add(make_event(vitals=Vitals(0)), datetime.now().astimezone())
    screen = "\n".join(show(make_console(80, 24), info, history.snapshot(0)))
    assert "no sensor   power, temperature" in screen
    assert "cpu" not in screen
    assert "memory" not in screen


def test_throttling_is_shown(info: RunInfo, make_event: MakeEvent, make_console: MakeConsole) -> None:
    history = History(0)
    history.add(make_event(vitals=Vitals(0, None, 81.0, ("throttled",))), datetime.now().astimezone())
    slowed = replace(info, slowed="at most 10 frames a second")
    screen = "\n".join(show(make_console(160, 50), slowed, history.snapshot(0)))
    assert "throttling  at most 10 frames a second, throttled" in screen


def test_each_way_off_the_board_has_its_counters(info: RunInfo, busy: Snapshot, make_console: MakeConsole) -> None:
    good, bad = OutletCounts("mqtt", True, 1234, 2, 0, 2), OutletCounts("webhook", False, 20, 5678, 9)
    lines = show(make_console(160, 50), info, replace(busy, sending=SendingCounts((good, bad), 12, 3)))
    rows = [
        line[line.index(name) :].rstrip(" │")
        for name in ("mqtt", "webhook", "outbox")
        for line in lines
        if name in line
    ]
    assert [" ".join(row.split()) for row in rows] == [
        "mqtt 1,234 sent, 2 waiting, 2 too large",
        "webhook 20 sent, 5,678 waiting, 9 failed",
        "outbox 12 dropped, 3 lost",
    ]
    assert not [line for line in show(make_console(160, 50), info, busy) if "sent" in line]


def test_a_stalled_camera_is_shown_in_the_header(info: RunInfo, busy: Snapshot, make_console: MakeConsole) -> None:
    assert "no frame" not in show(make_console(80, 24), info, busy)[0]
    stalled = Snapshot(since_frame_s=75.0)
    assert "no frame for 0:01:15" in show(make_console(80, 24), info, stalled)[0]


def test_a_pause_is_shown_in_the_header(info: RunInfo, busy: Snapshot, make_console: MakeConsole) -> None:
    assert "● paused" in show(make_console(80, 24), replace(info, paused=True), busy)[0]


def test_an_outage_is_shown_until_the_next_frame(
    info: RunInfo, make_event: MakeEvent, make_console: MakeConsole
) -> None:
    history = History(0)
    history.add(OutageEvent(Outage(12.0, 3.5, "no camera")), datetime.now().astimezone())
    outage = "● camera outage for 12 s, next try in 4 s"
    assert outage in show(make_console(80, 24), info, history.snapshot(12_000_000_000))[0]
    history.add(make_event("7", 1), datetime(2026, 11, 2, 14, 3).astimezone())
    assert "outage" not in show(make_console(80, 24), info, history.snapshot(12_000_000_000))[0]


def test_markup_in_a_source_is_shown_as_text(make_console: MakeConsole, busy: Snapshot, info: RunInfo) -> None:
    odd = replace(info, source="[red]x[/red]", reason="[/nonsense]", artifact="[b]")
    screen = "\n".join(show(make_console(160, 50), odd, busy))
    assert "[red]x[/red]" in screen
    assert "[/nonsense]" in screen


def test_without_colours_there_are_no_colour_codes(info: RunInfo, busy: Snapshot, make_console: MakeConsole) -> None:
    console = make_console(80, 24, "truecolor", no_color=True)
    console.print(dashboard(info, busy, 80, 24))
    assert isinstance(console.file, io.StringIO)
    assert "[38;" not in console.file.getvalue()
    assert "[3" not in console.file.getvalue()
