"""Why an RTSP stream cannot be opened, from servers on loopback."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from agent.capture.address import StreamOptions
from agent.capture.opener import open_source
from agent.capture.uri import parse_source
from profiles.errors import SourceError
from tests.agent.capture.camera_server import Behaviour, Visit, camera_server, self_signed


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


def endless(start: bytes, block: bytes) -> Behaviour:
    def send(visit: Visit) -> None:
        visit.send(start)
        while not visit.ended.wait(0.001):
            visit.send(block)

    return send


HOSTILE: dict[str, Behaviour] = {
    "headers without end": endless(b"RTSP/1.0 200 OK\r\n", b"X-A: aaaa\r\n" * 100),
    "a line without end": endless(b"", b"A" * 4096),
    "a description without end": endless(
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 2000000000\r\n\r\n",
        b"a=x\r\n" * 1000,
    ),
    "a redirect to a file": answer(b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: file:///etc/passwd"),
    "a negative length": answer(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: -5"),
    "a password for ever": answer(
        b'RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="r", nonce="n", stale=true'
    ),
    "escape sequences": answer(b"RTSP/1.0 404 \x1b[2J\xff\r\nCSeq: 1"),
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


@pytest.mark.slow
@pytest.mark.parametrize("behaviour", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_server_is_one_line(behaviour: Behaviour) -> None:
    with camera_server(behaviour) as camera:
        assert error_of(f"rtsp://me:S3CR@{camera.place}/live").isprintable()


def test_a_server_is_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow board needs seconds to load the certificates of the system; none is needed to find the cause."""
    monkeypatch.setattr(ssl, "create_default_context", lambda: pytest.fail("loads certificates"))
    with camera_server(answer(b"RTSP/1.0 404 Not Found")) as camera:
        assert "status 404" in error_of(f"rtsp://{camera.place}/live")


def test_the_cause_is_said_through_tls(tmp_path: Path) -> None:
    with camera_server(answer(b"RTSP/1.0 403 Forbidden"), self_signed(tmp_path)) as camera:
        assert "is forbidden (status 403)" in error_of(f"rtsps://{camera.place}/live")


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_a_refused_connection_is_said(scheme: str, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    assert f"{place} refuses the connection" in error_of(f"{scheme}://me:S3CR@{place}/live")
    assert capfd.readouterr().err == ""
