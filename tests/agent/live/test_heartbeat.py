from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.capture.outage import Outage
from agent.events import Counts, FrameEvent, OutageEvent
from agent.live.heartbeat import PERIOD_S, Heartbeat
from agent.vision.page import Page


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        yield listening


def finished(frames: int) -> FrameEvent:
    return FrameEvent(frames, "demo:", None, Page(8, 8, (), (), {}), (), {}, 0, Counts(frames, 2, 5, 30), None)


def received(manager: socket.socket) -> list[list[str]]:
    messages = []
    while select.select([manager], [], [], 0)[0]:
        messages.append(manager.recv(4096).decode().splitlines())
    return messages


@pytest.mark.parametrize(("watchdog_usec", "period_s"), [(None, PERIOD_S), ("30000000", PERIOD_S), ("4000000", 2.0)])
def test_it_sends_ready_with_the_first_frame_and_watchdog_with_later_ones(
    watchdog_usec: str | None, period_s: float, manager: socket.socket, tmp_path: Path
) -> None:
    now_s = 100.0
    watchdog = {"WATCHDOG_USEC": watchdog_usec} if watchdog_usec else {}
    heartbeat = Heartbeat({"NOTIFY_SOCKET": str(tmp_path / "notify"), **watchdog}, clock=lambda: now_s)
    assert received(manager) == []
    heartbeat.take(finished(1))
    assert received(manager) == [["READY=1", "WATCHDOG=1", "STATUS=5 numbers read in 1 frames, 2 dropped"]]
    now_s += period_s - 0.1
    heartbeat.take(finished(2))
    assert received(manager) == []
    now_s += 0.1
    heartbeat.take(finished(3))
    assert received(manager) == [["WATCHDOG=1", "STATUS=5 numbers read in 3 frames, 2 dropped"]]
    heartbeat.close()
    assert received(manager) == [["STOPPING=1"]]


def test_it_sends_ready_and_watchdog_during_an_outage(manager: socket.socket, tmp_path: Path) -> None:
    now_s = 100.0
    heartbeat = Heartbeat({"NOTIFY_SOCKET": str(tmp_path / "notify")}, clock=lambda: now_s)
    heartbeat.take(OutageEvent(Outage(2.2, 0.4, "no camera; plug it in")))
    now_s += PERIOD_S
    heartbeat.take(OutageEvent(Outage(7.2, 0, "no camera; plug it in")))
    now_s += PERIOD_S
    heartbeat.take(finished(1))
    assert received(manager) == [
        ["READY=1", "WATCHDOG=1", "STATUS=camera outage for 2 s, next try in 1 s: no camera; plug it in"],
        ["WATCHDOG=1", "STATUS=camera outage for 7 s, trying again: no camera; plug it in"],
        ["WATCHDOG=1", "STATUS=5 numbers read in 1 frames, 2 dropped"],
    ]


@pytest.mark.parametrize(("environ", "listens"), [({}, False), ({"NOTIFY_SOCKET": "@systemd"}, True)])
def test_a_notify_socket_means_that_it_runs_in_a_service(environ: dict[str, str], listens: bool) -> None:
    assert Heartbeat(environ).in_service is listens


def test_without_systemd_it_sends_nothing() -> None:
    heartbeat = Heartbeat({})
    heartbeat.take(OutageEvent(Outage(1, 1, "no camera")))
    heartbeat.take(finished(1))
    heartbeat.close()
