"""Brokers and agents are killed while readings come: each reading arrives, in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.outlets.outlet import CLOSE_TIMEOUT_S
from tests.agent.outlets.feeding import fed, texts
from tests.integrations.conftest import Mosquitto, find_tool, subscribed
from tests.integrations.test_mqtt import Start, local
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
READINGS = 200
KILLS = 50


@pytest.fixture(autouse=True)
def _needs_mosquitto() -> None:
    find_tool("mosquitto")


def start_keeping(mosquitto: Start, folder: Path) -> Mosquitto:
    """Start a broker that knows its subscribers after a kill.

    A kill of mosquitto loses what it has confirmed and still holds in its memory. So this one hands on each message
    before it confirms it, as it does without a confirmation of the subscriber (QoS 0).
    """
    limits = "max_queued_messages 0\nqueue_qos0_messages true"
    return mosquitto(f"allow_anonymous true\npersistence true\npersistence_location {folder}/\n{limits}")


def save(broker: Mosquitto, folder: Path) -> None:
    """Let the broker write its sessions, so that it knows the subscriber after a kill."""
    assert broker.process is not None
    broker.process.send_signal(signal.SIGUSR1)
    wait_until((folder / "mosquitto.db").exists)


def test_a_killed_broker_costs_no_reading(tmp_path: Path, mosquitto: Start) -> None:
    broker = start_keeping(mosquitto, tmp_path)
    with subscribed(broker.port, qos=0) as subscriber, fed(local(tmp_path, broker)) as run:
        save(broker, tmp_path)
        for turn in range(KILLS):
            connections, delivered = subscriber.connections, run.counts.delivered
            run.read(turn * READINGS, turn * READINGS + READINGS // 2 - 1)
            wait_until(lambda count=delivered: run.counts.delivered > count)  # type: ignore[misc]
            broker.kill()
            run.read(turn * READINGS + READINGS // 2, (turn + 1) * READINGS - 1)
            broker.start()
            wait_until(lambda count=connections: subscriber.connections > count)  # type: ignore[misc]
        wait_until(lambda: len(texts(subscriber.bodies("reading"))) == KILLS * READINGS)
    assert texts(subscriber.bodies("reading")) == [f"{number:05d}" for number in range(KILLS * READINGS)]
    assert json.loads(subscriber.kept("newest/reading"))["text"] == f"{KILLS * READINGS - 1:05d}"


CHILD = """
import sys
from pathlib import Path
from agent.outlets.assemble import OutletOptions
from agent.outlets.broker import BrokerFiles, parse_broker
from agent.outlets.outlet import CLOSE_TIMEOUT_S
from tests.agent.outlets.feeding import fed, frame, reading
folder, port, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
broker = parse_broker(f"mqtt://127.0.0.1:{port}", "counter-01", BrokerFiles(), {})
with fed(OutletOptions("counter-01", folder / "counter-01" / "outbox.db", broker, first_pause_s=0.1)) as run:
    while True:
        run.sink.take(frame(number, [reading(f"{number:05d}")]))
        number += 1
        while run.sink.unstored:
            pass
        print(number - 1, flush=True)
"""


def test_a_killed_agent_costs_no_reading_that_it_had_stored(tmp_path: Path, mosquitto: Start) -> None:
    broker, stored = mosquitto("allow_anonymous true"), list[int]()
    with subscribed(broker.port) as subscriber:
        for _ in range(KILLS):
            first = stored[-1] + 2 if stored else 0  # the one on its way at the kill may be stored or not
            arguments = [sys.executable, "-c", CHILD, str(tmp_path), str(broker.port), str(first)]
            child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
            assert child.stdout is not None
            for _ in range(100):
                child.stdout.readline()
            child.kill()
            wait_until(lambda: subscriber.kept("status") == b"offline")
            stored += range(first, first + 100 + len(child.stdout.read().split()))
            child.wait()
            child.stdout.close()
        with fed(local(tmp_path, broker)) as run:
            wait_until(lambda: run.counts.waiting == 0)
        wait_until(lambda: {int(text) for text in texts(subscriber.bodies("reading"))} >= set(stored))
    arrived = [int(text) for text in texts(subscriber.bodies("reading"))]
    assert arrived == sorted(arrived)
    assert len(arrived) - len(stored) <= KILLS


def test_a_real_run_delivers_its_readings_and_is_offline_after_a_kill(tmp_path: Path, mosquitto: Start) -> None:
    broker = mosquitto("allow_anonymous true")
    command = [EXECUTABLE, "run", "--source", "demo:", "--no-dashboard", "--mqtt", f"mqtt://127.0.0.1:{broker.port}"]
    environ = {**os.environ, "STATE_DIRECTORY": str(tmp_path)}
    with subscribed(broker.port) as subscriber:
        agent = subprocess.Popen([*command, "--board-name", "a"], env=environ, stdout=subprocess.PIPE, text=True)
        wait_until(lambda: len(subscriber.bodies("reading")) >= 3)
        assert subscriber.kept("status") == b"online"
        agent.kill()
        shown = [line.split()[2] for line in agent.communicate()[0].splitlines() if "demo:" in line]
        wait_until(lambda: subscriber.kept("status") == b"offline")
        restarted = subprocess.run(
            [*command, "--board-name", "a", "--seconds", "1"], env=environ, capture_output=True, text=True, check=True
        )
        assert "Traceback" not in restarted.stderr
        wait_until(lambda: set(shown) <= {text.replace("?", "") for text in texts(subscriber.bodies("reading"))})
        wait_until(lambda: subscriber.bodies("status") == [b"online", b"offline"] * 2)


def test_the_end_of_a_run_waits_for_a_broker_for_a_few_seconds_only(tmp_path: Path, mosquitto: Start) -> None:
    broker = mosquitto("allow_anonymous true")
    with fed(local(tmp_path, broker)) as run:
        run.read(0, 0)
        wait_until(lambda: run.counts.delivered == 1)
        assert broker.process is not None
        broker.process.send_signal(signal.SIGSTOP)
        run.read(1, 50)
        wait_until(lambda: run.counts.waiting == 50)
        began_s = time.monotonic()
    assert CLOSE_TIMEOUT_S <= time.monotonic() - began_s < 30
    assert run.counts.waiting == 51, "and the last measures"
