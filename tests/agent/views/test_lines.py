from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from rich.console import Console

from agent.events import Counts, FrameEvent, RunInfo
from agent.histogram import Percentiles
from agent.live.summary import Power, Score, Summary
from agent.views.jsonl import JsonLines
from agent.views.plain import Plain
from agent.views.summary import summary_table

MakeTick = Callable[..., FrameEvent]


def test_a_plain_line_holds_time_source_number_and_confidence(make_tick: MakeTick) -> None:
    out = io.StringIO()
    plain = Plain(out)
    plain.take(make_tick("561247"))
    plain.take(make_tick(""))
    plain.close()
    time, source, text, confidence = out.getvalue().split()
    assert datetime.strptime(time, "%H:%M:%S")
    assert (source, text, confidence) == ("demo:", "561247", "95%")
    assert "\x1b" not in out.getvalue()


def test_a_json_line_holds_all_that_is_known_of_a_reading(make_tick: MakeTick) -> None:
    out = io.StringIO()
    lines = JsonLines(out)
    lines.take(make_tick("42", number=7))
    lines.take(make_tick(""))
    lines.close()
    (line,) = map(json.loads, out.getvalue().splitlines())
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "monotonic_ns": 700_000_000,
        "source": "demo:",
        "frame": 7,
        "text": "42",
        "confidence": 0.95,
        "box": [60, 155, 110, 48],
        "digits": [
            {"digit": 4, "probability": 0.95, "box": [60, 155, 40, 48]},
            {"digit": 2, "probability": 0.95, "box": [130, 155, 40, 48]},
        ],
    }


SUMMARY = Summary(
    seconds=4.2,
    counts=Counts(frames=84, dropped=3, readings=31, digits=142),
    latency={"total": Percentiles(12.34, 20.1, 25.2)},
    score=Score(true=812, found=810, right=804),
    power=None,
)


def tell(info: RunInfo, summary: Summary) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(summary_table(info, summary))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_summary_tells_what_a_run_came_to(info: RunInfo) -> None:
    told = tell(info, SUMMARY)
    for expected in (
        "31 read, of 142 digits",
        "84 in 4.2 s, 20.0 a second, 3 dropped",
        "p50 12.3 ms, p95 20.1 ms, p99 25.2 ms",
        "99.01% of the 812 digits shown were read right (804); 6 read that are wrong or not there",
        "plain-int8.tflite in ai-edge-litert",
    ):
        assert expected in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("sensor", "power", "told"),
    [
        (None, None, "no power sensor on this machine: power not measurable"),
        ("VDD_IN of INA3221", None, "not measured: VDD_IN of INA3221 gave no two samples"),
        (
            "VDD_IN of INA3221",
            Power(3210, 12_840, 4.0, 4),
            "3.21 W on average, 12.8 J, 160.5 mJ a frame, 434.9 mJ a reading (VDD_IN of INA3221; 1.0 samples a second, "
            "idle power not subtracted)",
        ),
    ],
)
def test_the_summary_tells_what_power_was_measured_or_that_none_was(
    sensor: str | None, power: Power | None, told: str, info: RunInfo
) -> None:
    assert told in tell(replace(info, power_sensor=sensor), replace(SUMMARY, power=power))


def test_the_summary_of_a_run_without_a_frame_leaves_out_what_is_not_known(info: RunInfo) -> None:
    told = tell(info, Summary(0.0, Counts(), {}, None, None))
    assert "latency" not in told
    assert "accuracy" not in told
    assert "0 in 0.0 s, 0 dropped" in told
