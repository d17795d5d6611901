"""Reviews: what comes first, what people may say, and that nothing they say is lost or overwrites another's word."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.telemetry.corrections import wilson
from agent.telemetry.database import open_for_writing
from agent.telemetry.schema import ADDED_NAMES
from agent.web.openapi import PREFIX
from agent.web.review import MAX_TEXT_CHARACTERS
from tests.agent.web.conftest import MARKUP, PICTURES, READINGS, Answer, Site

NEWEST_UNSURE = READINGS
"""The ID of the newest reading; those with an even ID are unsure, and `7 * (ID - 1) % 1000` was read."""


@pytest.fixture
def own_site(serve: Callable[..., Site], own_log: Path) -> Site:
    """A log that may be changed."""
    return serve(path=own_log)


def send(site: Site, content: object, **headers: str) -> Answer:
    """Send a correction as the page does."""
    origin = f"http://127.0.0.1:{site.port}"
    body = content if isinstance(content, str) else json.dumps(content)
    return site.ask(f"{PREFIX}/corrections", "POST", body=body, Origin=origin, **headers)


def correct(site: Site, reading: int, text: str = "", verdict: str = "number", **more: Any) -> Answer:
    return send(site, {"reading": reading, "verdict": verdict, "text": text, **more})


def take_back(site: Site, correction: int) -> Answer:
    return site.ask(f"{PREFIX}/corrections/{correction}", "DELETE", Origin=f"http://127.0.0.1:{site.port}")


def review(site: Site, query: str = "limit=50") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.ask(f"{PREFIX}/reviews?{query}").text)
    return found


def test_unsure_readings_come_first_and_then_a_shuffle_of_sure_ones(own_site: Site) -> None:
    items = review(own_site)["items"]
    ids = [item["reading"]["id"] for item in items]
    unsure, sure = ids[: PICTURES // 2], ids[PICTURES // 2 :]
    assert unsure == list(range(READINGS, READINGS - PICTURES, -2))
    assert sorted(sure) == list(range(READINGS - PICTURES + 1, READINGS, 2))
    assert sure not in (sorted(sure), sorted(sure, reverse=True))
    assert [item["origin"] for item in items] == ["unsure"] * len(unsure) + ["sample"] * len(sure)


def test_a_correction_stands_beside_its_reading(own_site: Site, own_log: Path) -> None:
    answer = correct(own_site, NEWEST_UNSURE, "12.5", origin="unsure")
    assert answer.status == 201
    found = json.loads(own_site.ask(f"{PREFIX}/readings?limit=1").text)["readings"][0]
    assert (found["text"], found["verdict"], found["corrected"]) == (str(7 * 299 % 1000), "number", "12.5")
    assert found["correction"] == json.loads(answer.text)["id"]
    assert [item["reading"]["id"] for item in review(own_site)["items"]].count(NEWEST_UNSURE) == 0
    assert json.loads(own_site.ask(f"{PREFIX}/corrections").text)["corrections"] == [json.loads(answer.text)]


def test_a_correction_survives_a_restart(serve: Callable[..., Site], own_log: Path) -> None:
    correct(serve(path=own_log), NEWEST_UNSURE, "5")
    assert json.loads(serve(path=own_log).ask(f"{PREFIX}/corrections").text)["corrections"][0]["text"] == "5"


def test_the_second_of_two_people_gets_what_the_first_one_said(own_site: Site) -> None:
    first = correct(own_site, 300, "43")
    second = correct(own_site, 300, "44")
    assert (first.status, second.status) == (201, 409)
    assert "somebody else has corrected this reading meanwhile: it says 43" in second.text
    replaced = correct(own_site, 300, "44", replaces=json.loads(first.text)["id"])
    assert replaced.status == 201
    late = correct(own_site, 300, "45", replaces=json.loads(first.text)["id"])
    assert (late.status, "it says 44" in late.text) == (409, True)


def test_a_correction_is_taken_back_once(own_site: Site) -> None:
    before = review(own_site)
    number = json.loads(correct(own_site, 300, verdict="cannot_tell").text)["id"]
    assert [take_back(own_site, number).status for _ in range(2)] == [204, 404]
    assert review(own_site) == before
    again = json.loads(correct(own_site, 300, verdict="cannot_tell").text)["id"]
    assert again != number  # or a late second try would take another correction back


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({"text": "right"}, (1, 0)),
        ({"text": "1"}, (1, 1)),
        ({"verdict": "not_a_number"}, (1, 1)),
        ({"verdict": "cannot_tell"}, (0, 0)),
    ],
)
@pytest.mark.parametrize(("reading", "origin"), [(300, "unsure"), (299, "sample")])
def test_the_share_of_wrong_readings_has_an_interval(
    own_site: Site, reading: int, origin: str, said: dict[str, str], counts: tuple[int, int]
) -> None:
    checked, wrong = counts
    text = str(7 * (reading - 1) % 1000) if said.get("text") == "right" else said.get("text", "")
    assert correct(own_site, reading, text, said.get("verdict", "number"), origin=origin).status == 201
    found = review(own_site)[origin]
    assert (found["checked"], found["wrong"], found["waiting"]) == (checked, wrong, PICTURES // 2 - 1)
    assert (found["low"], found["high"]) == wilson(wrong, checked)
    other = review(own_site)["sample" if origin == "unsure" else "unsure"]
    assert other["checked"] == 0


@pytest.mark.parametrize(
    ("wrong", "checked", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 50, 0.0435, 0.2136), (10, 10, 0.7225, 1.0)],
)
def test_the_interval_is_that_of_wilson(wrong: int, checked: int, low: float, high: float) -> None:
    """Values of `statsmodels.stats.proportion.proportion_confint(method="wilson")`."""
    assert wilson(wrong, checked) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        ("", 400, "the body cannot be understood"),
        ("[]", 400, "the body cannot be understood"),
        ("[" * 10_000, 400, "the body cannot be understood"),
        ('{"reading": 300, "verdict": "number", "text": "\\ud800"}', 400, "the body cannot be understood"),
        ({"reading": 300, "verdict": "number"}, 400, "a number needs a digit"),
        ({"reading": 300, "verdict": "number", "text": "-"}, 400, "a number needs a digit"),
        ({"reading": 300, "verdict": "number", "text": "1" + MARKUP}, 400, "a number has digits and the signs"),
        ({"reading": 300, "verdict": "number", "text": "1" * (MAX_TEXT_CHARACTERS + 1)}, 400, "text"),
        ({"reading": 300, "verdict": "number", "text": "1" * 10_000}, 400, "text"),
        ({"reading": 300, "verdict": "number", "text": "1" * 20_000}, 413, "a body may have at most"),
        ({"reading": 300, "verdict": "number", "text": "٣"}, 400, "a number needs a digit"),
        ({"reading": 300, "verdict": "not_a_number", "text": "1"}, 400, "takes no text"),
        ({"reading": 300, "verdict": "maybe"}, 400, "verdict"),
        ({"reading": 300, "verdict": "cannot_tell", "origin": "me"}, 400, "origin"),
        ({"reading": -1, "verdict": "cannot_tell"}, 400, "reading"),
        ({"reading": 2**70, "verdict": "cannot_tell"}, 400, ""),
        ({"reading": 300, "verdict": "cannot_tell", "color": "red"}, 400, "color"),
        ({"reading": 5000, "verdict": "cannot_tell"}, 404, "there is no such reading"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_sentence(
    own_site: Site, content: object, status: int, message: str
) -> None:
    answer = send(own_site, content)
    assert (answer.status, message in json.loads(answer.text)["error"]) == (status, True), answer.text
    assert json.loads(own_site.ask(f"{PREFIX}/corrections").text)["corrections"] == []


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_another_site_cannot_correct(own_site: Site, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    body = json.dumps({"reading": 300, "verdict": "cannot_tell"})
    assert own_site.ask(f"{PREFIX}/corrections", "POST", body=body, **headers).status == 403
    assert own_site.ask(f"{PREFIX}/corrections/1", "DELETE", **headers).status == 403


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(
    own_site: Site, own_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says of a file that may not grow what it says of a full disk."""
    correct(own_site, 300, "1")

    def open_full(path: Path) -> sqlite3.Connection:
        connection = open_for_writing(path)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr("agent.telemetry.corrections.open_for_writing", open_full)
    statuses = set[int]()
    for reading in range(299, 200, -1):
        answer = correct(own_site, reading, "1")
        statuses.add(answer.status)
        if answer.status == 503:
            break
    assert "the correction cannot be kept in" in answer.text
    assert "full" in answer.text
    assert json.loads(own_site.ask(f"{PREFIX}/corrections").text)["corrections"][-1]["reading"] == 300


def test_a_picture_is_a_picture_or_not_there(own_site: Site) -> None:
    answer = own_site.ask(f"{PREFIX}/readings/{READINGS}/picture.jpg")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    for number, status in (("1", 404), ("99999", 404), ("-1", 400), ("x", 400), ("..%2f..%2fetc", 404)):
        assert own_site.ask(f"{PREFIX}/readings/{number}/picture.jpg").status == status


def test_one_reading_can_be_chosen(own_site: Site) -> None:
    items = review(own_site, "reading=3")["items"]
    assert [(item["reading"]["id"], item["origin"], item["place"]) for item in items] == [(3, "chosen", None)]
    assert review(own_site, "reading=5000")["items"] == []


def test_a_log_of_an_older_version_is_shown_and_can_be_corrected(serve: Callable[..., Site], own_log: Path) -> None:
    with closing(sqlite3.connect(own_log)) as connection:
        for name in ADDED_NAMES:
            if not name.startswith(("sqlite", "pictures_by")):
                connection.execute(f"DROP TABLE {name}")
    site = serve(path=own_log)
    assert json.loads(site.ask(f"{PREFIX}/readings?limit=1").text)["readings"][0]["id"] == READINGS
    assert review(site)["items"] == []
    assert correct(site, READINGS, "7").status == 201
    assert json.loads(site.ask(f"{PREFIX}/corrections").text)["corrections"][0]["text"] == "7"


def test_corrections_come_part_by_part(own_site: Site, own_log: Path) -> None:
    with closing(open_for_writing(own_log)) as connection:
        connection.executemany(
            "INSERT INTO corrections (reading, at_ms, verdict, text, origin) VALUES (?, 0, 'number', '1', 'chosen')",
            ((reading,) for reading in range(1, READINGS)),
        )
    first = json.loads(own_site.ask(f"{PREFIX}/corrections?limit=200").text)["corrections"]
    rest = json.loads(own_site.ask(f"{PREFIX}/corrections?limit=200&before={first[-1]['id']}").text)["corrections"]
    assert [one["reading"] for one in first + rest] == list(range(READINGS - 1, 0, -1))
