"""Why an RTSP stream cannot be opened, from servers on loopback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agent.capture.address import StreamOptions
from agent.capture.opener import open_source
from agent.capture.uri import parse_source
from profiles.errors import SourceError
from tests.agent.capture.camera_server import Behaviour, camera_server, self_signed


def answer(status: bytes) -> Behaviour:
    return lambda visit: visit.send(status + b"\r\n\r\n")


ANSWERS: dict[str, tuple[str, Behaviour, str]] = {
    "404": ("", answer(b"RTSP/1.0 404 Not Found"), "does not exist on this camera (status 404)"),
    "401": ("", answer(b"RTSP/1.0 401 No"), "wants a user name and a password (status 401)"),
    "wrong password": ("me:S3CR@", answer(b"RTSP/1.0 401 No"), "refuses the user name or the password"),
    "503": ("", answer(b"RTSP/1.0 503 Busy"), "is busy (status 503)"),
    "HTTP": ("", answer(b"HTTP/1.0 400 Bad Request"), "does not answer in RTSP; check the port"),
    "hangs up": ("", lambda _: None, "closes the connection without an answer"),
    "no description": ("", answer(b"RTSP/1.0 200 OK"), "gives no video within 1000 ms"),
}


def error_of(address: str) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(parse_source(address, StreamOptions(patience_s=1)))
    assert "S3CR" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("user", "behaviour", "message"), ANSWERS.values(), ids=ANSWERS)
def test_the_cause_is_said(user: str, behaviour: Behaviour, message: str) -> None:
    with camera_server(behaviour) as camera:
        assert message in error_of(f"RTSP://{user}{camera.place}/live")


def test_the_cause_is_said_through_tls(tmp_path: Path) -> None:
    with camera_server(answer(b"RTSP/1.0 403 Forbidden"), self_signed(tmp_path)) as camera:
        assert "is forbidden (status 403)" in error_of(f"rtsps://{camera.place}/live")


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_a_refused_connection_is_said(scheme: str, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    assert f"{place} refuses the connection" in error_of(f"{scheme}://me:S3CR@{place}/live")
    assert capfd.readouterr().err == ""
