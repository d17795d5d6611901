"""Readings reach a web service signed, in order and at least once, whatever it answers; real servers on loopback."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.events import FaultEvent
from agent.outlets.assemble import OutletOptions
from agent.outlets.webhook import Hook, WebhookOutlet, parse_hook, sign
from tests.agent.outlets.feeding import fed, frame, record, texts
from tests.waiting import wait_until

SECRET = b"0123456789abcdef0123456789"


@dataclass
class Service:
    """A web service that remembers what it got."""

    port: int
    statuses: list[int] = field(default_factory=list)
    """What it answers, one after another; then 204."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of its answers."""
    delay_s: float = 0.0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)


@contextmanager
def served() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = service.statuses.pop(0) if service.statuses else 204
            service.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(service.delay_s)
            self.send_response(status)
            for name, value in service.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if 200 <= status < 300:
                service.accepted.append(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


def options(tmp_path: Path, port: int, path: str = "/hook?a=1") -> OutletOptions:
    url = f"http://127.0.0.1:{port}{path}"
    return OutletOptions("counter-01", tmp_path / "outbox.db", hook=Hook(url, url, SECRET), first_pause_s=0.05)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of standard-webhooks' own libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_readings_and_records_arrive_signed_and_in_order(tmp_path: Path) -> None:
    with served() as service, fed(options(tmp_path, service.port)) as run:
        run.read(1, 30)
        run.sink.take(FaultEvent("not for the web service"))
        run.sink.take(frame(31, records=[record(litres="38")]))
        wait_until(lambda: run.counts.delivered == 31)
    assert texts([body for _, body in service.got[:30]]) == [f"{number:05d}" for number in range(1, 31)]
    assert b'"form":"delivery"' in service.got[30][1]
    for headers, body in service.got:
        assert f'"id":"{headers["webhook-id"]}"'.encode() in body
        timestamp = int(headers["webhook-timestamp"])
        assert abs(timestamp - time.time()) < 60
        assert headers["webhook-signature"] == sign(SECRET, headers["webhook-id"], timestamp, body)
        assert headers["content-type"] == "application/json"
    assert run.said == []


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500, 503])
def test_what_the_service_refuses_comes_again_and_it_is_said_once(tmp_path: Path, status: int) -> None:
    with served() as service, fed(options(tmp_path, service.port)) as run:
        service.statuses = [204, status, status, status]
        service.headers = {"Location": "http://127.0.0.2/elsewhere"}
        run.read(1, 4)
        wait_until(lambda: run.counts.delivered == 4)
    assert texts(service.accepted) == ["00001", "00002", "00003", "00004"]
    assert len(service.got) == 7
    assert len({headers["webhook-id"] for headers, _ in service.got}) == 4
    assert len(run.said) == 2
    assert f"status {status}" in run.said[0]
    assert run.said[1].startswith("webhook works again; ")


def test_a_message_that_is_too_large_for_the_service_does_not_hold_up_later_ones(tmp_path: Path) -> None:
    with served() as service, fed(options(tmp_path, service.port)) as run:
        service.statuses = [204, 413, 204, 413]
        run.read(1, 5)
        wait_until(lambda: run.counts.delivered == 3)
        wait_until(lambda: (run.counts.waiting, run.counts.aside) == (2, 2))
    assert texts(service.accepted) == ["00001", "00003", "00005"]
    assert (
        run.said
        == [
            f"a message is set aside, and later ones go on: the web service http://127.0.0.1:{service.port}/hook?a=*** "
            "does not take messages of this size (status 413); raise its limit for the size of a request"
        ]
        or len(run.said) == 1
    )
    with served() as service, fed(options(tmp_path, service.port)) as run:
        wait_until(lambda: (run.counts.waiting, run.counts.aside) == (0, 0))
    assert texts(service.accepted) == ["00002", "00004"], "the next start sends them again"


def test_a_service_that_is_gone_or_asks_for_patience_is_left_alone(tmp_path: Path) -> None:
    for status, headers in ((410, {}), (503, {"Retry-After": "3000"})):
        with served() as service, fed(options(tmp_path / str(status), service.port)) as run:
            service.statuses, service.headers = [status] * 9, headers
            run.read(1, 2)
            wait_until(lambda: run.counts.failures == 1)
            time.sleep(0.5)
            assert len(service.got) == 1
        assert run.counts.waiting == 3


def test_an_answer_that_comes_too_late_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WebhookOutlet.__init__, "__kwdefaults__", {"first_pause_s": 1.0, "timeout_s": 0.3})
    with served() as service, fed(options(tmp_path, service.port)) as run:
        service.delay_s = 2.0
        run.read(1, 1)
        wait_until(lambda: run.counts.failures >= 1)
        service.delay_s = 0.0
        wait_until(lambda: run.counts.delivered == 1)
    assert "cannot be reached (it does not answer in time)" in run.said[0]
    assert len({headers["webhook-id"] for headers, _ in service.got}) == 1


def test_a_service_that_is_off_costs_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with fed(options(tmp_path, port)) as run:
        run.read(1, 3)
        wait_until(lambda: run.counts.failures >= 1)
    assert "cannot be reached (Connection refused)" in run.said[0]
    with served() as service, fed(options(tmp_path, service.port)) as run:
        wait_until(lambda: run.counts.delivered == 3)
    assert texts(service.accepted) == ["00001", "00002", "00003"]


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all, not base64 at all"])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(f"{text}\n")
    with pytest.raises(ValueError, match=r"secret|does not hold one line"):
        parse_hook("https://office.example.org", tmp_path / "secret", {})


def test_neither_the_address_nor_the_secret_is_shown(tmp_path: Path) -> None:
    (tmp_path / "webhook-secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    url = "https://office.example.org/hooks/T0aB3cD4eF5gH6iJ7kL8?key=S3CR"
    hook = parse_hook(url, None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert hook.secret == base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert repr(hook) == "Hook(uri='https://office.example.org/hooks/***?key=***')"
