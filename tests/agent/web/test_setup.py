"""Options are changed on the page: checked, kept in the file, applied, and undone if they do not work."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.config.replace import restore_config
from agent.web.credentials import PasswordHash
from agent.web.live_view import LiveView
from agent.web.openapi import PREFIX
from profiles.errors import SourceError
from tests.agent.capture.test_controls import BRIGHTNESS, FakeKernel
from tests.agent.web.conftest import INFO, MARKUP, Answer, Site, own_config
from tests.waiting import wait_until

BEFORE = "# by hand\nflip = true\nmqtt = 'mqtt://user:secret@broker'\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(BEFORE)
    return file


class Board:
    """A run with its page, as somebody who is logged in uses it."""

    def __init__(self, site: Site) -> None:
        self.site, self.cookie = site, site.session()

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.site.ask(f"{PREFIX}/configuration", Cookie=self.cookie).text)
        return found

    def send(self, path: str, content: object, **headers: str) -> Answer:
        sent = {"Cookie": self.cookie, "Origin": f"http://127.0.0.1:{self.site.port}"} | headers
        return self.site.ask(f"{PREFIX}/{path}", "PATCH", body=json.dumps(content), **sent)

    def change(self, options: dict[str, object], version: str = "", **headers: str) -> Answer:
        return self.send(
            "configuration", {"version": version or self.shown()["version"], "options": options}, **headers
        )

    def outcome(self) -> tuple[str, str]:
        """Wait until the change is applied or undone."""
        wait_until(lambda: self.shown()["change"]["state"] != "checking")
        change = self.shown()["change"]
        return change["state"], change["text"]


@pytest.fixture
def board(serve: Callable[..., Site], password_hash: PasswordHash, file: Path) -> Board:
    return Board(serve(password_hash, LiveView(lambda: INFO), config=own_config(file)))


def test_each_option_is_shown_with_its_explanation_and_its_place_and_no_secret(board: Board) -> None:
    options = {one["name"]: one for one in board.shown()["options"]}
    assert (options["flip"]["value"], options["flip"]["origin"].endswith("config.toml:2")) == (True, True)
    assert options["width"]["origin"] == "profile pi4"
    assert options["source"]["locked"] == "it is set on the command line, which wins over the file"
    assert "mirror" in options["flip"]["help"].lower()
    assert options["web"]["locked"].endswith("change it in the file")
    page = board.site.ask("/setup", Cookie=board.cookie).text
    assert all(f"<code>{name}</code>" in page for name in options)
    assert "***@broker" in page
    assert ":secret@" not in page + json.dumps(options)


def test_a_change_is_kept_beside_what_was_there(board: Board, file: Path) -> None:
    assert board.change({"roi": "10%,0%,50%,100%", "flip": None, "rotate": 90}).status == 202
    assert board.outcome() == ("applied", "Saved, and in use.")
    assert file.read_text() == (
        "# by hand\nmqtt = 'mqtt://user:secret@broker'\nroi = \"10%,0%,50%,100%\"\nrotate = 90\n"
    )
    assert {one["name"]: one["value"] for one in board.shown()["options"]}["roi"] == "10%,0%,50%,100%"
    assert not restore_config(file)


def test_what_waits_for_a_restart_is_said(serve: Callable[..., Site], password_hash: PasswordHash, file: Path) -> None:
    live, config = LiveView(lambda: INFO), own_config(file)
    board = Board(serve(password_hash, live, config=config, apply=lambda: ["keep-pictures", "metrics"]))
    board.change({"keep-pictures": "all"})
    assert board.outcome() == ("applied", "Saved, and in use. Restart the agent for keep-pictures.")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"roi": "1,2,3"}, "line 4: '1,2,3' is not a region of a picture"),
        ({"rotate": 45}, "pictures cannot be rotated by 45"),
        ({"rotate": 400}, "rotate must be a whole number from 0 to 270"),
        ({"rotate": "x"}, "rotate must be a whole number"),
        ({"flip": 1}, "flip must be true or false"),
        ({"control": "exposure"}, "is not a control of a camera"),
        ({"camera": "0", "keep-pictures": "some"}, "camera"),
        ({"keep-pictures": "some"}, "keep-pictures must be one of"),
        ({"width": 10**400}, "width"),
        ({"color": "red"}, "there is no option 'color'"),
        ({MARKUP: "red"}, "there is no option"),
        ({"source": "demo:"}, "source cannot be changed here: it is set on the command line"),
        ({"log": "/etc/passwd"}, "log cannot be changed here"),
        ({"password-file": "/etc/shadow"}, "password-file cannot be changed here"),
        ({"web": "0.0.0.0:80"}, "web cannot be changed here"),
        ({"control": "***=1"}, "instead of a secret"),
        ({"roi": [1, 2]}, "options"),
        ({"roi": "\ud800"}, ""),
        ({"roi": "1" * 20_000}, "a body may have at most"),
        ({"roi": '1"\nlog = "/tmp/x'}, "is not a region of a picture"),
    ],
)
def test_what_the_check_refuses_changes_nothing(
    board: Board, file: Path, options: dict[str, object], message: str
) -> None:
    answer = board.change(options)
    assert answer.status in {400, 413}, answer.text
    assert message in json.loads(answer.text)["error"]
    assert (file.read_text(), board.shown()["change"]["state"]) == (BEFORE, "")


def test_a_camera_that_does_not_come_back_is_undone(
    serve: Callable[..., Site], password_hash: PasswordHash, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    applied = list[str]()

    def apply() -> list[str]:
        applied.append(file.read_text())
        if "rotate" in applied[-1]:
            raise SourceError("the camera does not come back", advice="correct them")
        return []

    board = Board(serve(password_hash, LiveView(lambda: INFO), config=own_config(file), apply=apply))
    assert board.change({"rotate": 180}).status == 202
    assert board.outcome() == ("undone", "Undone: the camera does not come back; correct them.")
    assert file.read_text() == BEFORE == applied[-1]
    assert [record.getMessage() for record in caplog.records if "options" in record.getMessage()] == [
        "options from the web page were undone: the camera does not come back; correct them"
    ]


def test_an_option_of_the_camera_that_cannot_be_applied_is_undone(
    serve: Callable[..., Site], password_hash: PasswordHash, file: Path
) -> None:
    """Nobody could tell whether the next start would work with it."""
    board = Board(serve(password_hash, LiveView(lambda: INFO), config=own_config(file), apply=lambda: ["width"]))
    board.change({"width": 1280})
    assert board.outcome() == ("undone", "Undone: width cannot change while the agent reads this source.")
    assert file.read_text() == BEFORE


def test_the_second_of_two_people_loads_the_page_again(
    serve: Callable[..., Site], password_hash: PasswordHash, file: Path
) -> None:
    go_on = threading.Event()

    def apply() -> list[str]:
        go_on.wait(60)
        return []

    board = Board(serve(password_hash, LiveView(lambda: INFO), config=own_config(file), apply=apply))
    version = board.shown()["version"]
    assert board.change({"rotate": 90}, version).status == 202
    busy = board.change({"rotate": 180})
    assert (busy.status, "another change is being checked" in busy.text) == (409, True)
    go_on.set()
    assert board.outcome()[0] == "applied"
    late = board.change({"rotate": 180}, version)
    assert (late.status, "load the page again" in late.text) == (409, True)
    assert "rotate = 90" in file.read_text()


def test_without_a_password_nothing_can_be_changed(serve: Callable[..., Site], file: Path) -> None:
    site = serve(None, LiveView(lambda: INFO), config=own_config(file))
    body = json.dumps({"version": "", "options": {"flip": False}})
    for path, content in (("configuration", body), ("camera/controls", '{"name": "gain", "value": 1}')):
        answer = site.ask(f"{PREFIX}/{path}", "PATCH", body=content, Origin=f"http://127.0.0.1:{site.port}")
        assert (answer.status, "asks for no password" in answer.text) == (403, True)
    page = site.ask("/setup").text
    assert "asks for no password" in page
    assert page.count(" disabled") > 5
    assert file.read_text() == BEFORE


def test_a_file_that_the_agent_may_not_write_is_said(
    serve: Callable[..., Site], password_hash: PasswordHash, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    monkeypatch.setattr("agent.web.config_editor.is_writable", lambda _: False)  # root may write everything
    board = Board(serve(password_hash, LiveView(lambda: INFO), config=own_config(file)))
    answer = board.change({"flip": False})
    assert (answer.status, f"the agent may not write {file}" in answer.text) == (403, True)


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_site_cannot_change_options(board: Board, file: Path, origin: str) -> None:
    assert board.change({"flip": False}, Origin=origin).status == 403
    assert file.read_text() == BEFORE


def test_a_full_disk_is_one_sentence_and_the_file_stays(
    board: Board, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("profiles.atomic_write.os.fsync", full)
    answer = board.change({"flip": False})
    assert (answer.status, "the options cannot be kept in" in answer.text) == (503, True)
    assert (file.read_text(), [one.name for one in file.parent.glob(".config*")]) == (BEFORE, [])


def test_a_file_with_a_mistake_is_said_with_its_line(board: Board, file: Path) -> None:
    file.write_text("flip = 3\n")
    answer = board.site.ask("/setup", Cookie=board.cookie)
    assert (answer.status, "config.toml:1: flip must be true or false" in answer.text) == (503, True)


def test_controls_of_the_camera_are_set_at_once(
    serve: Callable[..., Site], password_hash: PasswordHash, file: Path, tmp_path: Path
) -> None:
    kernel, device = FakeKernel(), tmp_path / "video0"
    device.touch()
    config = own_config(file)
    source = replace(config, device=lambda: str(device), ioctl=kernel)
    board = Board(serve(password_hash, LiveView(lambda: INFO), config=source))
    found = json.loads(board.site.ask(f"{PREFIX}/camera/controls", Cookie=board.cookie).text)["controls"]
    assert [one["name"] for one in found][:2] == ["brightness", "power_line_frequency"]
    answer = board.send("camera/controls", {"name": "brightness", "value": 200})
    assert (answer.status, json.loads(answer.text)["controls"][0]["value"]) == (202, 200)
    assert kernel.written == [(BRIGHTNESS, 200)]
    for name, value, message in (
        ("brightness", 300, "does not take brightness=300"),
        ("brightness", 2**40, "value"),
        ("magic", 1, "has no control 'magic'"),
        ("exposure_time_absolute", 9, "set what makes it manual before it"),
    ):
        refused = board.send("camera/controls", {"name": name, "value": value})
        assert (refused.status, message in refused.text) == (400, True), refused.text
    device.unlink()
    assert board.send("camera/controls", {"name": "brightness", "value": 1}).status == 400
    assert json.loads(board.site.ask(f"{PREFIX}/camera/controls", Cookie=board.cookie).text)["controls"] == []
