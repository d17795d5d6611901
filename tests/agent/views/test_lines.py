from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from rich.console import Console

from agent.events import Counts, FrameEvent, RunInfo, Sighting
from agent.forms.record import Record, RecordField
from agent.histogram import Percentiles
from agent.summary import Power, Score, Summary
from agent.views.lines import JsonLines, PlainLines
from agent.views.summary import summary_table
from agent.vision.value import SIGNS_NOT_READ

MakeEvent = Callable[..., FrameEvent]


def test_a_plain_line_has_time_source_number_and_confidence(make_event: MakeEvent) -> None:
    out = io.StringIO()
    plain = PlainLines(out)
    plain.take(make_event("561247"))
    plain.take(make_event(""))
    plain.close()
    time, source, text, confidence = out.getvalue().split()
    assert datetime.strptime(time, "%H:%M:%S")
    assert (source, text, confidence) == ("demo:", "561247", "95%")
    assert "\x1b" not in out.getvalue()


CORNERS = ((1.0, 2.0), (9.0, 2.0), (9.0, 5.0), (1.0, 5.0))
RECORD = Record(
    "delivery",
    (
        RecordField("apples", Decimal(312), "312", "812", 0.98, (), CORNERS),
        RecordField("total", None, "359", "359", 0.95, ("total = apples + pears",), CORNERS),
    ),
)


def test_a_record_is_a_line_for_the_sheet_and_one_for_each_field(make_event: MakeEvent) -> None:
    out = io.StringIO()
    PlainLines(out).take(replace(make_event(), records=(RECORD,)))
    head, *fields = out.getvalue().splitlines()
    assert head.split()[1:] == ["demo:", "form", "delivery"]
    assert fields == ["  apples  312  without rules 812", "  total   359  to check: total = apples + pears"]


def test_a_json_line_has_the_whole_record(make_event: MakeEvent) -> None:
    out = io.StringIO()
    JsonLines(out).take(replace(make_event(number=3), records=(RECORD,)))
    line = json.loads(out.getvalue())
    assert (line["source"], line["frame"], line["form"], line["sure"]) == ("demo:", 3, "delivery", False)
    assert line["fields"]["apples"]["value"] == "312"
    assert line["fields"]["total"]["broken"] == ["total = apples + pears"]


def test_a_json_line_has_the_whole_reading(make_event: MakeEvent) -> None:
    out = io.StringIO()
    lines = JsonLines(out)
    lines.take(make_event("42", number=7))
    lines.take(make_event(""))
    lines.close()
    (line,) = map(json.loads, out.getvalue().splitlines())
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "monotonic_ns": 700_000_000,
        "source": "demo:",
        "frame": 7,
        "waits_for": "",
        "text": "42",
        "digits_text": "42",
        "value": None,
        "value_note": SIGNS_NOT_READ,
        "confidence": 0.95,
        "digits_confidence": 0.95,
        "alternatives": [],
        "undecided": 0,
        "cut_by_edge": False,
        "box": [60, 155, 110, 48],
        "digits": [
            {"digit": 4, "probability": 0.95, "box": [60, 155, 40, 48]},
            {"digit": 2, "probability": 0.95, "box": [130, 155, 40, 48]},
        ],
    }


def test_json_lines_can_say_why_a_number_is_not_announced_each_time_the_reason_changes(make_event: MakeEvent) -> None:
    out = io.StringIO()
    lines = JsonLines(out, sightings=True)
    (reading,) = make_event("42").announced
    for waits_for in ("too near the edge", "too near the edge", "1 more look"):
        lines.take(replace(make_event(""), sightings=(Sighting(reading, waits_for),)))
    lines.take(make_event("42"))
    written = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["text"], line["waits_for"]) for line in written] == [
        ("42", "too near the edge"),
        ("42", "1 more look"),
        ("42", ""),
    ]


SUMMARY = Summary(
    seconds=4.2,
    counts=Counts(frames=84, dropped=3, readings=31, digits=142),
    latency={"total": Percentiles(12.34, 20.1, 25.2)},
    first_ms=512.3,
    score=Score(true=812, found=810, right=804),
    power=None,
)


def render(info: RunInfo, summary: Summary) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(summary_table(info, summary))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_summary_has_counts_latency_and_accuracy(info: RunInfo) -> None:
    text = render(info, SUMMARY)
    for expected in (
        "31 read, with 142 digits, each announced once",
        "84 in 4.2 s, 20.0 per second, 3 dropped",
        "p50 12.3 ms, p95 20.1 ms, p99 25.2 ms from capture to result; the first frame took 512 ms",
        "99.01%: 804 of 812 digits read correctly, all frames together; 6 false",
        "plain-int8.tflite in ai-edge-litert",
    ):
        assert expected in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("sensor", "power", "expected"),
    [
        (None, None, "not measurable: this machine has no power sensor"),
        ("VDD_IN of INA3221", None, "not measured: VDD_IN of INA3221 gave fewer than two samples"),
        (
            "VDD_IN of INA3221",
            Power(3210, 12_840, 4.0, 4),
            "3.21 W on average, 12.8 J, 160.5 mJ per frame, 434.9 mJ per reading (VDD_IN of INA3221; 1.0 samples per "
            "second, idle power not subtracted)",
        ),
    ],
)
def test_the_summary_has_the_power_or_the_reason_why_it_was_not_measured(
    sensor: str | None, power: Power | None, expected: str, info: RunInfo
) -> None:
    assert expected in render(replace(info, power_sensor=sensor), replace(SUMMARY, power=power))


def test_the_summary_of_a_run_without_frames_has_no_latency_and_no_accuracy(info: RunInfo) -> None:
    text = render(info, Summary(0.0, Counts(), {}, None, None, None))
    assert "latency" not in text
    assert "accuracy" not in text
    assert "0 in 0.0 s, 0 dropped" in text
