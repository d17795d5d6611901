"""The state of a fleet, from what its boards keep at the broker. tests/integrations asks a real one."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from deploy.fleet import Fleet, ask_fleet
from profiles.errors import SourceError, UsageError


def health(**values: object) -> bytes:
    return json.dumps({"version": "1.4", "confidence": 0.95, "confidence_before": 0.94, **values}).encode()


@pytest.mark.parametrize(
    ("status", "body", "troubles"),
    [
        ("online", health(), ()),
        ("offline", health(), ("offline",)),
        ("online", health(outage="camera 0 gives no frame"), ("blind: camera 0 gives no frame",)),
        ("online", health(throttling=["under-voltage", "throttled"]), ("under-voltage, throttled",)),
        ("online", health(paused=True), ("paused",)),
        ("online", health(confidence=0.9), ("less sure than before",)),
        ("online", health(confidence=None, confidence_before=None), ()),
        (
            "online",
            health(checked=12, wrong=5, checked_before=80, wrong_before=4),
            ("5 of 12 checked readings wrong, before 4 of 80",),
        ),
        ("online", health(checked=12, wrong=1, checked_before=80, wrong_before=4), ()),
        ("online", health(checked=2, wrong=2, checked_before=0, wrong_before=0), ()),
        ("online", health(checked=-3, wrong=9, checked_before=10**9, wrong_before=2), ()),
        ("online", b'{"of a later version": {}}', ()),
        ("online", b"\xff not JSON", ()),
    ],
)
def test_what_is_wrong_with_a_board_is_said_in_words(status: str, body: bytes, troubles: tuple[str, ...]) -> None:
    fleet = Fleet()
    fleet.add("counter-01", "status", status.encode())
    fleet.add("counter-01", "health", body)
    assert fleet.boards()[0].troubles == troubles


def test_boards_are_sorted_and_have_their_temperature() -> None:
    fleet = Fleet()
    for name in ("counter-02", "counter-01"):
        fleet.add(name, "status", b"online")
    fleet.add("counter-02", "measures", b'{"temperature_c": 51.5}')
    fleet.add("counter-01", "measures", b"nothing")
    assert [(board.name, board.temperature_c) for board in fleet.boards()] == [
        ("counter-01", None), ("counter-02", 51.5)
    ]  # fmt: skip


@pytest.mark.parametrize("url", ["broker.lan", "http://broker.lan", "mqtt://", "mqtt://broker.lan:99999"])
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a broker"):
        ask_fleet(url)


def test_a_broker_that_is_off_is_named_without_the_password(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SourceError, match="cannot be asked") as caught:
        ask_fleet(f"mqtt://me:S3CR@127.0.0.1:{port}")
    assert "S3CR" not in str(caught.value)
    with pytest.raises(UsageError, match="cannot be used"):
        ask_fleet("mqtts://127.0.0.1", authority=tmp_path / "missing.pem")


def test_the_command_needs_a_broker() -> None:
    assert CliRunner().invoke(app, ["fleet", "status"]).exit_code == 2
