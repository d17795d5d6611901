"""The page with a certificate: encrypted, with cookies for encrypted connections only; and what is wrong with files."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from agent.web.address import WebAddress, listen, machine_names
from agent.web.app import make_app
from agent.web.credentials import PasswordHash
from agent.web.listener import MAX_CONNECTIONS_OF_AN_ADDRESS
from agent.web.log_reader import LogReader
from agent.web.login import Login
from agent.web.server import ServerThread, make_server
from agent.web.tls import load_tls
from profiles.errors import UsageError
from tests.agent.web.conftest import PASSWORD, TIMEOUT_S
from tests.agent.web.test_flood import has_ended

# A certificate for localhost, and its key, made by openssl. Nothing but these tests trusts it.
pytestmark = pytest.mark.skipif(
    subprocess.run(["openssl", "version"], capture_output=True, check=False).returncode != 0, reason="needs openssl"
)


def make_pair(folder: Path, name: str, *more: str) -> tuple[Path, Path]:
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key)]
    command += ["-out", str(cert), *(more or ("-nodes",))]
    subprocess.run(command, capture_output=True, check=True)
    return cert, key


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def pair(folder: Path) -> tuple[Path, Path]:
    return make_pair(folder, "own")


@pytest.fixture
def port(log: Path, tmp_path: Path, pair: tuple[Path, Path], password_hash: PasswordHash) -> Iterator[int]:
    listener = listen(WebAddress("127.0.0.1", 0))
    app = make_app(LogReader(log), Login(tmp_path / "web-login.json", password_hash), machine_names(None))
    server = ServerThread(make_server(app, load_tls(*pair)), listener)
    yield listener.getsockname()[1]
    server.close()


def test_the_page_is_encrypted_and_its_cookie_too(port: int, pair: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(pair[0]))
    with closing(HTTPSConnection("localhost", port, timeout=TIMEOUT_S, context=context)) as connection:
        form = urlencode({"password": PASSWORD})
        connection.request("POST", "/login", form, {"Origin": f"https://localhost:{port}"})
        answer = connection.getresponse()
        assert answer.status == 303
        assert "Secure" in (answer.getheader("set-cookie") or "").split("; ")


def test_who_does_not_encrypt_gets_nothing_and_others_are_served(port: int, pair: tuple[Path, Path]) -> None:
    for request in (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"):
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            assert b"ok" not in client.recv(4096)
    context = ssl.create_default_context(cafile=str(pair[0]))
    with closing(HTTPSConnection("localhost", port, timeout=TIMEOUT_S, context=context)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"


def test_connections_that_never_encrypt_leave_room_for_others(port: int, pair: tuple[Path, Path]) -> None:
    with ExitStack() as cleanup:
        clients = [
            cleanup.enter_context(socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S))
            for _ in range(MAX_CONNECTIONS_OF_AN_ADDRESS + 30)
        ]
        for client in clients[-20:]:  # those that were accepted last were cut off
            assert has_ended(client)
        context = ssl.create_default_context(cafile=str(pair[0]))
        other = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S, source_address=("127.0.0.2", 0))
        with other, context.wrap_socket(other, server_hostname="localhost") as encrypted:
            encrypted.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert encrypted.recv(100).startswith(b"HTTP/1.1 200")


def test_one_file_may_hold_both(folder: Path, pair: tuple[Path, Path]) -> None:
    both = folder / "both.pem"
    both.write_text(pair[0].read_text() + pair[1].read_text())
    assert load_tls(both, None) is not None
    assert load_tls(None, None) is None
    assert WebAddress("reader", 8443, "https").url == "https://reader:8443/"


@pytest.mark.parametrize(
    ("cert", "key", "message"),
    [
        ("own.pem", "other.key", r"the key in .*other\.key does not fit the certificate in .*own\.pem; name the files"),
        ("own.pem", None, r"own\.pem are not a certificate and its key"),
        ("own.pem", "none.key", r"none\.key cannot be read \(No such file or directory\)"),
        ("none.pem", None, r"none\.pem cannot be read"),
        (".", None, r"cannot be read \(Is a directory\)"),
        ("text", "own.key", r"text and .*own\.key are not a certificate and its key; give files in PEM"),
        (None, "own.key", r"own\.key is the key of no certificate"),
        ("locked.pem", "locked.key", r"protected by a password, which nobody could type at a start; take it off"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    folder: Path, pair: tuple[Path, Path], cert: str | None, key: str | None, message: str
) -> None:
    make_pair(folder, "other")
    make_pair(folder, "locked", "-passout", "pass:secret")
    (folder / "text").write_text("no certificate")
    with pytest.raises(UsageError, match=message):
        load_tls(folder / cert if cert else None, folder / key if key else None)
