"""The programming interface: what it answers, and that its document describes it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.telemetry.search import READING_COLUMNS, ReadingPart
from agent.web.api import OPERATIONS, Api
from agent.web.config_editor import ConfigEditor
from agent.web.credentials import PasswordHash, make_token
from agent.web.diagnosis import Doctor
from agent.web.live_view import LiveView
from agent.web.log_reader import LogReader
from agent.web.openapi import PREFIX, ApiOperation
from agent.web.shown_run import ShownRun
from tests.agent.web.conftest import INFO, MARKUP, READINGS, Site, own_config

FIGURES = b"# TYPE digit_agent_paused gauge\ndigit_agent_paused 0.0\n"
GETS = [one for one in OPERATIONS if one.method == "GET"]
SEARCHES = [one for one in GETS if not one.needs and "{" not in one.path and one.path != "/corrections.zip"]
"""Operations that need nothing but their parameters, and whose answer ends; without that which needs a correction."""


@pytest.fixture
def live_site(serve: Callable[..., Site]) -> Site:
    """The log beside a run."""
    return serve(live=LiveView(lambda: INFO))


@pytest.mark.parametrize("live", [None, LiveView(lambda: INFO)])
@pytest.mark.parametrize("figures", [None, lambda: FIGURES])
def test_the_document_describes_each_route_and_no_other(
    serve: Callable[..., Site], live: LiveView | None, figures: Callable[[], bytes] | None
) -> None:
    document = json.loads(serve(live=live, figures=figures).ask(f"{PREFIX}/openapi.json").text)
    editor = ConfigEditor(own_config(Path("none")), list, has_login=False)
    api = Api(LogReader(None), None if live is None else ShownRun(live, editor, Doctor(()), figures))
    routes = {(route.path, method) for route in api.routes() for method in route.methods or ()}
    described = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert described == {(path, method) for path, method in routes if method != "HEAD"} - {
        (f"{PREFIX}/openapi.json", "GET")
    }
    assert ("/metrics" in document["paths"]) == (live is not None and figures is not None)


def test_figures_for_prometheus_need_a_login_or_the_token(
    serve: Callable[..., Site], password_hash: PasswordHash
) -> None:
    site = serve(password_hash, LiveView(lambda: INFO), figures=lambda: FIGURES)
    refused = site.ask("/metrics")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
    token = make_token(site.login_file)
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": site.session()}):
        answer = site.ask("/metrics", **headers)
        assert (answer.status, answer.text.encode()) == (200, FIGURES)
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert serve(live=LiveView(lambda: INFO)).ask("/metrics").status == 404, "without metrics there are none"


def test_the_document_refers_only_to_what_it_defines(live_site: Site) -> None:
    text = live_site.ask(f"{PREFIX}/openapi.json").text
    document = json.loads(text)
    defined = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert {part.partition('"')[0] for part in text.split('"$ref":"')[1:]} <= defined
    assert document["openapi"].startswith("3.")


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.answer and one.method == "GET"], ids=lambda one: one.path
)
def test_each_answer_is_of_the_type_that_is_described(live_site: Site, operation: ApiOperation) -> None:
    answer = live_site.ask(PREFIX + operation.path)
    assert answer.status == 200
    assert answer.headers["content-type"] == operation.media
    msgspec.json.decode(answer.text, type=operation.answer)


@pytest.mark.parametrize("operation", SEARCHES, ids=lambda one: one.path)
def test_each_parameter_that_is_described_is_accepted(serve: Callable[..., Site], operation: ApiOperation) -> None:
    site = serve()
    document = json.loads(site.ask(f"{PREFIX}/openapi.json").text)
    for parameter in document["paths"][PREFIX + operation.path]["get"]["parameters"]:
        kinds = str(parameter["schema"])
        examples = {"pattern": "day", "boolean": "true", "integer": "1", "number": "1"}
        value = next((one for word, one in examples.items() if word in kinds), "2026-11-28T19:00")
        assert site.ask(f"{PREFIX}{operation.path}?{parameter['name']}={value}").status == 200


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("before=-1", "before"),
        ("before=99999999999999999999", "before"),
        ("min_confidence=2", "min_confidence"),
        ("min_confidence=nan", "min_confidence"),
        ("text=" + "1" * 65, "text"),
        ("since=yesterday", "yesterday"),
        ("since=0001-01-01T00:00", "0001"),
        ("color=red", "color"),
    ],
)
def test_a_wrong_parameter_is_named(site: Site, query: str, message: str) -> None:
    answer = site.ask(f"{PREFIX}/readings?{query}")
    assert answer.status == 400
    assert message in json.loads(answer.text)["error"]


def test_records_are_shown_field_by_field_with_what_is_to_be_checked(site: Site) -> None:
    found = json.loads(site.ask(f"{PREFIX}/records").text)["records"]
    assert [(one["name"], one["value"], one["sure"]) for one in found[0]["fields"]] == [
        ("total", "12.50", True),
        ("day", "", False),
        ("note", MARKUP, True),
    ]
    page = site.ask("/records").text
    assert "31.02.26 (there is no such day)" in page
    assert MARKUP not in page
    row = next(csv.DictReader(io.StringIO(site.ask(f"{PREFIX}/records.csv").text)))
    assert (row["total"], row["to_check"]) == ("12.50", "day")
    assert 'href="/records"' in site.ask("/readings").text


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("field=total", True),
        ("field=total&text=12.5", True),
        ("field=day&text=12.5", False),
        ("text=31.02", True),
        ("field=day&to_check=true", True),
        ("field=total&to_check=true", False),
        ("field=color", False),
    ],
)
def test_records_are_filtered_by_field(site: Site, query: str, is_found: bool) -> None:
    assert bool(json.loads(site.ask(f"{PREFIX}/records?{query}").text)["records"]) is is_found
    page = site.ask(f"/records?{query}").text
    assert ('<li class="record">' in page) is is_found
    assert ("No record matches." in page) is not is_found


def test_readings_come_part_by_part(site: Site) -> None:
    found, query = list[int](), "limit=100"
    while True:
        part = msgspec.json.decode(site.ask(f"{PREFIX}/readings?{query}").text, type=ReadingPart)
        found += [reading.id for reading in part.readings]
        if part.next_before is None:
            break
        query = f"limit=100&before={part.next_before}"
    assert found == list(range(READINGS, 0, -1))


@pytest.mark.parametrize(
    ("query", "is_wanted"),
    [
        ("text=77", lambda reading: "77" in reading["text"]),
        ("max_confidence=0.9", lambda reading: reading["confidence"] <= 0.9),
        ("min_confidence=0.99&text=1", lambda reading: reading["confidence"] >= 0.99 and "1" in reading["text"]),
        ("since=2026-11-18T00:00:00Z", lambda reading: reading["at"] >= "2026-11-18T00:00:00"),
        ("until=2026-11-18T00:00:00%2B00:00", lambda reading: reading["at"] <= "2026-11-18T00:00:00.000"),
    ],
)
def test_a_filter_finds_what_it_says(site: Site, query: str, is_wanted: Callable[[dict[str, Any]], bool]) -> None:
    lines = site.ask(f"{PREFIX}/readings.jsonl").text.splitlines()
    wanted = [reading for reading in map(json.loads, lines) if is_wanted(reading)]
    found = list(map(json.loads, site.ask(f"{PREFIX}/readings.jsonl?{query}").text.splitlines()))
    assert found == wanted
    assert 0 < len(wanted) < READINGS


def test_a_download_has_a_header_and_no_formula(site: Site) -> None:
    answer = site.ask(f"{PREFIX}/readings.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == READING_COLUMNS
    assert len(rows) == READINGS
    assert MARKUP in {row["text"] for row in rows}
    assert answer.headers["content-disposition"] == 'attachment; filename="readings.csv"'


def test_the_board_has_a_day_or_a_week(site: Site) -> None:
    day, week = (json.loads(site.ask(f"{PREFIX}/board?span={span}").text)["hours"] for span in ("day", "week"))
    assert (len(day), len(week)) == (24, 168)
    assert week[0]["latency"][0]["stage"] == "total"
