"""Clients that send or read nothing, or too many at once: their connections end, and others are served."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agent.telemetry.search import FoundReading
from agent.web.listener import MAX_CONNECTIONS_OF_AN_ADDRESS
from tests.agent.web.conftest import Site
from tests.waiting import wait_until

SHORT_S = 0.3


def connect(site: Site) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=60)


def has_ended(client: socket.socket) -> bool:
    """Whether the server has closed the connection; it reads what was sent before."""
    try:
        return client.recv(65536) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("start", [b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: local"])
def test_a_client_that_sends_no_request_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Site], start: bytes
) -> None:
    monkeypatch.setattr("agent.web.protocol.HEAD_TIMEOUT_S", SHORT_S)
    with connect(serve()) as client:
        client.sendall(start)
        assert has_ended(client)


def test_a_client_that_sends_a_byte_at_a_time_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Site]
) -> None:
    monkeypatch.setattr("agent.web.protocol.HEAD_TIMEOUT_S", SHORT_S)
    with connect(serve()) as client:

        def is_refused() -> bool:
            try:
                return client.send(b"x") == 0
            except OSError:
                return True

        wait_until(is_refused)


def test_a_second_request_has_the_same_time(monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Site]) -> None:
    monkeypatch.setattr("agent.web.protocol.HEAD_TIMEOUT_S", SHORT_S)
    with connect(serve()) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        client.sendall(b"GET /healthz")
        wait_until(lambda: has_ended(client))


def test_a_body_that_does_not_come_is_not_awaited(monkeypatch: pytest.MonkeyPatch, locked_site: Site) -> None:
    monkeypatch.setattr("agent.web.requests.BODY_TIMEOUT_S", SHORT_S)
    with connect(locked_site) as client:
        head = "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: 9\r\n\r\np"
        client.sendall(head.encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 408")
        wait_until(lambda: has_ended(client))


@pytest.mark.slow
def test_a_client_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Site]) -> None:
    monkeypatch.setattr("agent.web.protocol.SEND_TIMEOUT_S", SHORT_S)
    given = 0

    def endless(*_: object) -> Iterator[FoundReading]:
        nonlocal given
        while True:
            given += 1
            yield FoundReading("", 1, 1, "demo:", "1234", 1.0, 1, 2, 3, 4, given)

    monkeypatch.setattr("agent.web.log_reader.LogReader.all_readings", endless)
    site = serve()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect(("127.0.0.1", site.port))
        client.sendall(b"GET /api/v1/readings.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: given > 0)
        wait_until(lambda: not site.server.server_state.connections)  # the answer itself never ends


def test_a_thousand_connections_leave_room_for_others(serve: Callable[..., Site]) -> None:
    site = serve()
    with ExitStack() as cleanup:
        clients = [cleanup.enter_context(connect(site)) for _ in range(1000)]
        cut = 0
        for client in clients:
            client.setblocking(False)

        def count_open() -> int:
            nonlocal clients, cut
            left = []
            for client in clients:
                try:
                    ended = client.recv(1) == b""
                except BlockingIOError:
                    ended = False
                except ConnectionResetError:
                    ended = True
                cut += ended
                left += [] if ended else [client]
            clients = left
            return len(clients)

        wait_until(lambda: count_open() <= MAX_CONNECTIONS_OF_AN_ADDRESS)
        assert cut >= 1000 - MAX_CONNECTIONS_OF_AN_ADDRESS
        with socket.socket() as other:  # from another address of the loopback interface
            other.bind(("127.0.0.2", 0))
            other.settimeout(60)
            other.connect(("127.0.0.1", site.port))
            other.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200")
