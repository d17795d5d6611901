"""Addresses of the page, and the names by which it may be called."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agent.web.address import WebAddress, is_allowed_host, listen, machine_names, parse_address
from profiles.errors import OutputError, UsageError

UNPRIVILEGED_PORT = 1024
"""First port that every user may use."""
with suppress(OSError):
    UNPRIVILEGED_PORT = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())


@pytest.mark.parametrize(
    ("text", "host", "port", "is_local"),
    [
        ("8080", "127.0.0.1", 8080, True),
        ("localhost:80", "localhost", 80, True),
        ("127.0.0.2:1", "127.0.0.2", 1, True),
        ("[::1]:8080", "::1", 8080, True),
        ("0.0.0.0:8080", "0.0.0.0", 8080, False),
        ("[::]:8080", "::", 8080, False),
        ("192.168.1.20:8080", "192.168.1.20", 8080, False),
        ("reader.local:8080", "reader.local", 8080, False),
    ],
)
def test_an_address_is_a_port_or_a_host_and_a_port(text: str, host: str, port: int, is_local: bool) -> None:
    address = parse_address(text)
    assert (address.host, address.port, address.is_local) == (host, port, is_local)


@pytest.mark.parametrize("text", ["", ":8080", "host", "host:", "65536", "-1", "::1:8080", "http://host:80", "a b:1"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write a port such as 8080"):
        parse_address(text)


def test_a_port_in_use_is_reported() -> None:
    with closing(listen(WebAddress("127.0.0.1", 0))) as first, pytest.raises(OutputError, match="another program"):
        listen(WebAddress("127.0.0.1", first.getsockname()[1]))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errno.EACCES, "only root may use ports below 1024; choose another port, such as 8080"),
        (errno.EMFILE, "Too many open files"),
    ],
)
def test_what_the_system_refuses_is_reported(monkeypatch: pytest.MonkeyPatch, error: int, message: str) -> None:
    """Root may use every port, so the system's answer is given to it."""

    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("agent.web.address.BoundedListener.bind", refuse)
    with pytest.raises(OutputError, match=message):
        listen(WebAddress("127.0.0.1", 80))


@pytest.mark.skipif(os.geteuid() == 0 or UNPRIVILEGED_PORT <= 80, reason="this user may use port 80")
def test_port_80_without_permission_is_reported() -> None:
    with pytest.raises(OutputError, match="only root may use ports below 1024"):
        listen(WebAddress("127.0.0.1", 80))


@pytest.mark.parametrize(
    ("host", "message"), [("192.0.2.1", "this machine has no such address"), ("x.invalid", "no host of this name")]
)
def test_an_address_of_another_machine_is_reported(host: str, message: str) -> None:
    with pytest.raises(OutputError, match=message):
        listen(WebAddress(host, 8080))


@pytest.mark.parametrize(
    ("header", "is_allowed"),
    [
        ("localhost:8080", True),
        ("LOCALHOST", True),
        ("127.0.0.1:8080", True),
        ("192.168.1.20", True),
        ("[::1]:8080", True),
        ("[fe80::1]", True),
        (socket.gethostname(), True),
        (f"{socket.gethostname()}.local:8080", True),
        ("reader.example", True),
        ("reader.example.", True),
        ("evil.example:8080", False),
        ("reader.example.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_allowed(header: str, is_allowed: bool) -> None:
    assert is_allowed_host(header, machine_names("Reader.Example, other")) is is_allowed
