"""What strangers try: no login, other names, other sites, paths that climb out, and bodies without end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from agent.web.api import OPERATIONS
from agent.web.app import STATIC_FILES
from agent.web.credentials import PasswordHash, make_token
from agent.web.guard import HEADERS, MAX_BODY_BYTES
from agent.web.login import FREE_TRIES
from agent.web.openapi import PREFIX
from tests.agent.web.conftest import MARKUP, PASSWORD, Site

OPEN = {"/healthz", "/login", "/static/page.css", "/static/icon.svg"}
"""All paths that need no login."""
PATHS = {
    *(
        "/",
        "/healthz",
        "/login",
        "/logout",
        "/readings",
        "/records",
        "/review",
        "/setup",
        "/board",
        "/frame.jpg",
        "/frame.mjpg",
    ),
    *(f"/static/{name}" for name in STATIC_FILES),
    *(operation.place for operation in OPERATIONS),
    f"{PREFIX}/openapi.json",
    "/nothing",
}


@pytest.mark.parametrize("path", sorted(PATHS - OPEN))
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_no_other_path_is_open(locked_site: Site, path: str, method: str) -> None:
    origin = f"http://127.0.0.1:{locked_site.port}"
    assert locked_site.ask(path, method, Origin=origin).status == 401


@pytest.mark.parametrize("path", sorted(OPEN))
def test_some_paths_need_no_login(locked_site: Site, path: str) -> None:
    assert locked_site.ask(path).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "digit_agent_session=of-another-board"},
        {"Cookie": "digit_agent_session="},
        {"Cookie": "digit_agent_session=\x00; ]["},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {PASSWORD}"},
        {"Authorization": "Bearer " + "x" * 10_000},
    ],
)
def test_forged_logins_are_refused(locked_site: Site, headers: dict[str, str]) -> None:
    make_token(locked_site.login_file)
    assert locked_site.ask("/readings", **headers).status in (400, 401)


def test_a_browser_logs_in_and_out(locked_site: Site) -> None:
    answer = locked_site.log_in()
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert locked_site.ask("/readings", Cookie=cookie).status == 200
    assert locked_site.ask("/logout", "POST", Cookie=cookie).status == 403  # no Origin: not this page's own form
    origin = f"http://127.0.0.1:{locked_site.port}"
    assert locked_site.ask("/logout", "POST", Cookie=cookie, Origin=origin).status == 303
    assert locked_site.ask("/readings", Cookie=cookie).status == 401


def test_a_program_sends_a_token(locked_site: Site) -> None:
    token = make_token(locked_site.login_file)
    assert locked_site.ask(f"{PREFIX}/status", Authorization=f"Bearer {token}").status == 200


def test_wrong_passwords_have_to_wait_and_the_right_one_as_well(locked_site: Site) -> None:
    answers = [locked_site.log_in("wrong") for _ in range(FREE_TRIES + 5)]
    statuses = [answer.status for answer in answers]
    assert statuses[:FREE_TRIES] == [401] * FREE_TRIES
    assert 429 in statuses[FREE_TRIES:]
    assert int(next(answer for answer in answers if answer.status == 429).headers["retry-after"]) >= 1
    assert locked_site.log_in().status == 429


@pytest.mark.parametrize(
    "form", ["", "password=", "password", "%ff%fe", "password=a&password=b", f"password={'x' * 9000}"]
)
def test_strange_forms_are_wrong_passwords(locked_site: Site, form: str) -> None:
    origin = f"http://127.0.0.1:{locked_site.port}"
    assert locked_site.ask("/login", "POST", body=form, Origin=origin).status == 401


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{8080}", "127.0.0.1.evil.example", "localhost@evil"])
@pytest.mark.parametrize("path", ["/readings", "/healthz", "/login"])
def test_another_name_is_refused(site: Site, host: str, path: str) -> None:
    assert site.ask(path, host=host).status == 421


@pytest.mark.parametrize("host", ["reader.example", "localhost", "[::1]:8080"])
def test_names_of_this_machine_are_not(site: Site, host: str) -> None:
    assert site.ask("/readings", host=host).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
@pytest.mark.parametrize(("path", "method"), [("/readings", "GET"), ("/login", "POST"), ("/logout", "POST")])
def test_another_site_is_refused(site: Site, origin: str, path: str, method: str) -> None:
    assert site.ask(path, method, Origin=origin).status == 403


@pytest.mark.parametrize(
    "path", ["/readings", "/board", "/login", "/healthz", "/nothing", "/static/page.css", "/frame.jpg"]
)
def test_each_answer_limits_what_the_browser_may_do(site: Site, path: str) -> None:
    headers = site.ask(path).headers
    assert {**headers, "cache-control": ""} == {**headers, **HEADERS, "cache-control": ""}
    assert "unsafe" not in headers["content-security-policy"]
    assert "server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/%2e%2e/web/app.py",
        "/static//etc/passwd",
        "/static/page.css/../../app.py",
        "/../../../../etc/passwd",
        "/static/page.css%00.py",
        "/static/",
        "//healthz",
        "/readings/",
    ],
)
def test_no_path_leads_out_of_the_table_of_files(site: Site, locked_site: Site, path: str) -> None:
    assert site.ask(path).status == 404
    assert locked_site.ask(path).status == 401


@pytest.mark.parametrize(
    "path", ["/readings", "/board", "/readings?text=<script>alert(1)</script>", "/readings?since=2020-01-01T00:00"]
)
def test_markup_in_the_log_or_in_a_query_is_escaped(site: Site, path: str) -> None:
    answer = site.ask(path.replace("<", "%3C").replace(">", "%3E"))
    assert answer.status == 200
    assert MARKUP not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_no_page_has_a_script_or_a_style_of_its_own(site: Site) -> None:
    for path in ("/readings", "/board", "/login"):
        text = site.ask(path).text
        assert "style=" not in text
        assert "onclick" not in text
        assert text.count("<script") == text.count('<script defer src="/static/')


@pytest.mark.parametrize("path", ["/login", "/readings", "/healthz", "/nothing"])
def test_a_body_of_a_gigabyte_is_refused_before_it_comes(site: Site, path: str) -> None:
    request = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: {10**9}\r\n\r\n"
    assert _first_line(site, request.encode()) == "HTTP/1.1 413 Request Entity Too Large"


def test_a_body_without_a_length_is_refused_when_it_is_too_long(site: Site, locked_site: Site) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (MAX_BODY_BYTES + 1, b"x" * (MAX_BODY_BYTES + 1))
    assert "413" in _first_line(locked_site, head + chunk)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000,
        b"GET /" + b"x" * 100_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    ],
)
def test_what_is_not_http_gets_one_answer_and_the_server_lives(site: Site, request_bytes: bytes) -> None:
    assert "400" in _first_line(site, request_bytes)
    assert site.ask("/healthz").text == "ok\n"


def test_a_websocket_is_not_opened(site: Site) -> None:
    assert site.ask("/readings", Connection="Upgrade", Upgrade="websocket").status == 200


def test_a_fault_of_the_page_is_one_sentence_and_one_warning(
    serve: Callable[..., Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("agent.web.log_reader.search_readings", lambda *_, **__: 1 // 0)
    site = serve()
    answers = [site.ask("/readings") for _ in range(3)]
    assert {(answer.status, answer.text) for answer in answers} == {
        (500, '{"error":"the page failed; the journal says why"}')
    }
    assert [record.getMessage() for record in caplog.records] == [
        "the web page /readings failed (ZeroDivisionError: integer division or modulo by zero); reading goes on"
    ]


@pytest.mark.parametrize("path", ["/readings", "/board", f"{PREFIX}/readings", f"{PREFIX}/readings.csv"])
def test_a_missing_log_is_one_sentence(serve: Callable[..., Site], tmp_path: Path, path: str) -> None:
    assert "there is no log at" in (answer := serve(path=tmp_path / "none.db").ask(path)).text
    assert answer.status == 503
    assert "this run keeps no log" in serve(path=None).ask(path).text


def test_a_password_is_checked_one_at_a_time(serve: Callable[..., Site], password_hash: PasswordHash) -> None:
    """Each check takes 16 MiB: a crowd gets another answer."""
    site = serve(password_hash)
    body = b"password=wrong"
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    clients = [socket.create_connection(("127.0.0.1", site.port), timeout=60) for _ in range(FREE_TRIES)]
    for client in clients:
        client.sendall(head + body)
    statuses = [client.recv(15)[9:12] for client in clients]
    assert set(statuses) == {b"401", b"503"}
    for client in clients:
        client.close()


def _first_line(site: Site, request: bytes) -> str:
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(request)
        return client.recv(4096).partition(b"\r\n")[0].decode()
