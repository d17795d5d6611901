from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from agent.sd_notify import READY, STOPPING, WATCHDOG, notify, status, watchdog_interval_s

Listen = Callable[[str], socket.socket]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """A function that opens a datagram socket like systemd."""
    opened: list[socket.socket] = []

    def at(address: str) -> socket.socket:
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        opened.append(receiver)
        receiver.settimeout(60)
        receiver.bind(address)
        return receiver

    yield at
    for receiver in opened:
        receiver.close()


def test_messages_arrive_as_one_datagram(tmp_path: Path, listen: Listen) -> None:
    address = str(tmp_path / "notify")
    manager = listen(address)
    assert notify({"NOTIFY_SOCKET": address}, READY, status("reading csi://0"))
    assert manager.recv(4096) == b"READY=1\nSTATUS=reading csi://0"
    assert notify({"NOTIFY_SOCKET": address}, WATCHDOG)
    assert notify({"NOTIFY_SOCKET": address}, STOPPING)
    assert [manager.recv(4096), manager.recv(4096)] == [b"WATCHDOG=1", b"STOPPING=1"]


def test_at_sign_means_an_abstract_socket(listen: Listen) -> None:
    name = f"digit-agent-test-{os.getpid()}-{time.monotonic_ns()}"
    manager = listen(f"\0{name}")
    assert notify({"NOTIFY_SOCKET": f"@{name}"}, WATCHDOG)
    assert manager.recv(4096) == b"WATCHDOG=1"


def test_status_is_one_line() -> None:
    assert status("12 frames/s\nREADY=1") == "STATUS=12 frames/s READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
def test_without_a_service_manager_nothing_is_sent(environ: Mapping[str, str]) -> None:
    assert not notify(environ, READY)


def test_service_manager_that_does_not_listen_does_not_block(tmp_path: Path, listen: Listen) -> None:
    address = str(tmp_path / "notify")
    listen(address)
    started_s = time.monotonic()
    sent = 0
    while sent < 100_000 and notify({"NOTIFY_SOCKET": address}, WATCHDOG):
        sent += 1
    assert 0 < sent < 100_000
    assert time.monotonic() - started_s < 30


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_PID": "77"}, None),
    ],
)
def test_watchdog_interval_is_half_of_the_limit(environ: Mapping[str, str], interval_s: float | None) -> None:
    assert watchdog_interval_s(environ, pid=77) == interval_s


def test_watchdog_of_this_process_is_used() -> None:
    assert watchdog_interval_s({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}) == 1.0
