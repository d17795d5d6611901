"""The doctor is asked from the page, in a process of its own, and never twice at once."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.web.live_view import LiveView
from agent.web.openapi import PREFIX
from tests.agent.web.conftest import INFO, MARKUP, Answer, Site
from tests.waiting import wait_until

CHECKS = [
    {"name": "board", "state": "ok", "what": "a Raspberry Pi 4"},
    {"name": "camera", "state": "fail", "what": MARKUP, "advice": "plug it in"},
]


def printing(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"print({text!r})")


def ask(site: Site, path: str, body: str = "{}") -> Answer:
    return site.ask(path, "POST", body=body, Origin=f"http://127.0.0.1:{site.port}")


@pytest.fixture
def site(serve: Callable[..., Site]) -> Site:
    return serve(live=LiveView(lambda: INFO), doctor=printing(json.dumps({"works": False, "checks": CHECKS})))


def test_the_board_shows_what_the_doctor_says(site: Site) -> None:
    assert "Check this board" in site.ask("/board").text
    answer = ask(site, "/board", "")
    assert (answer.status, answer.headers["location"]) == (303, "/board#doctor")
    page = site.ask("/board").text
    assert 'camera <span class="unsure">broken</span>' in page
    assert "plug it in" in page
    assert MARKUP not in page


def test_programs_get_the_same(site: Site) -> None:
    assert json.loads(site.ask(f"{PREFIX}/diagnosis").text) == {"at": "", "checks": []}
    answer = ask(site, f"{PREFIX}/diagnosis")
    assert (answer.status, [one["name"] for one in json.loads(answer.text)["checks"]]) == (201, ["board", "camera"])
    assert site.ask(f"{PREFIX}/diagnosis").text == answer.text == ask(site, f"{PREFIX}/diagnosis").text


@pytest.mark.parametrize("command", [printing("no json"), printing("{}"), ("/no/such/program",)])
def test_a_doctor_without_an_answer_is_one_sentence(serve: Callable[..., Site], command: tuple[str, ...]) -> None:
    site = serve(live=LiveView(lambda: INFO), doctor=command)
    for path in ("/board", f"{PREFIX}/diagnosis"):
        answer = ask(site, path)
        assert (answer.status, "ask it on the board: digit-agent doctor" in answer.text) == (503, True)
    assert site.ask("/board").status == 200


def test_only_one_diagnosis_at_a_time(serve: Callable[..., Site], tmp_path: Path) -> None:
    began, gate = tmp_path / "began", tmp_path / "go"
    code = f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\n"
    code += f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)\n"
    code += f"print({json.dumps({'checks': CHECKS})!r})"
    site = serve(live=LiveView(lambda: INFO), doctor=(sys.executable, "-c", code))
    first = list[int]()
    thread = threading.Thread(target=lambda: first.append(ask(site, f"{PREFIX}/diagnosis").status))
    thread.start()
    wait_until(began.exists)
    second = ask(site, f"{PREFIX}/diagnosis").status
    gate.touch()
    thread.join(60)
    assert (first, second) == ([201], 409)


def test_another_site_cannot_ask(site: Site) -> None:
    for path in ("/board", f"{PREFIX}/diagnosis"):
        assert site.ask(path, "POST", body="{}", Origin="https://evil.example").status == 403
        assert site.ask(path, "POST", body="{}").status == 403


@pytest.mark.slow
def test_the_real_doctor_answers(serve: Callable[..., Site]) -> None:
    site = serve(live=LiveView(lambda: INFO))
    checks = json.loads(ask(site, f"{PREFIX}/diagnosis").text)["checks"]
    assert {"board", "configuration"} <= {check["name"] for check in checks}
