"""The MQTT outlet against a real mosquitto: what arrives, what the broker keeps, and what is said when it refuses."""

from __future__ import annotations

import json
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from paho.mqtt.publish import single

from agent.capture.outage import Outage
from agent.events import FaultEvent, OutageEvent, RunInfo, Vitals
from agent.outlets.assemble import OutletOptions
from agent.outlets.broker import BrokerFiles, parse_broker
from tests.agent.outlets.feeding import INFO, fed, frame, reading, record, texts
from tests.integrations.conftest import (
    PASSWORD,
    USER,
    Certificates,
    Mosquitto,
    find_tool,
    free_port,
    password_file,
    subscribed,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
NO_FILES = BrokerFiles()
Start = Callable[[str], Mosquitto]


@pytest.fixture(autouse=True)
def _needs_mosquitto() -> None:
    find_tool("mosquitto")


def options(tmp_path: Path, url: str, files: BrokerFiles = NO_FILES, board: str = "counter-01") -> OutletOptions:
    broker = parse_broker(url, board, files, {})
    return OutletOptions(board, tmp_path / board / "outbox.db", broker, machine="0a1b", first_pause_s=0.1)


def local(tmp_path: Path, broker: Mosquitto, board: str = "counter-01") -> OutletOptions:
    return options(tmp_path, f"mqtt://127.0.0.1:{broker.port}", board=board)


def test_readings_records_faults_and_measures_arrive(tmp_path: Path, mosquitto: Start) -> None:
    broker = mosquitto("allow_anonymous true")
    with subscribed(broker.port) as subscriber:
        with fed(local(tmp_path, broker)) as run:
            run.sink.take(frame(0, [reading("0471"), reading("12")], vitals=Vitals(1, 4200.0, 51.5)))
            run.sink.take(frame(1, records=[record(litres="38", day="2026-11-28")]))
            run.sink.take(FaultEvent("the camera gives no frame"))
            wait_until(lambda: len(subscriber.bodies("fault")) == 1)
            assert run.counts.is_connected
        wait_until(lambda: subscriber.kept("status") == b"offline")
    first = json.loads(subscriber.bodies("reading")[0])
    assert (first["text"], first["board"], first["source"], len(first["digits"])) == ("0471", "counter-01", "demo:", 4)
    assert texts(subscriber.bodies("reading")) == ["0471", "12"]
    filled = json.loads(subscriber.kept("record"))
    assert (filled["form"], filled["sure"], filled["fields"]["litres"]["value"]) == ("delivery", True, "38")
    assert json.loads(subscriber.kept("fault"))["text"] == "the camera gives no frame"
    measures = json.loads(subscriber.kept("measures"))
    assert (measures["frames"], measures["temperature_c"], measures["power_w"]) == (2, 51.5, 4.2)
    assert {message.topic.rpartition("/")[0] for message in subscriber.messages if message.topic[0] != "$"} == {
        "digit-agent/counter-01", "digit-agent/counter-01/newest", "digit-agent/counter-01/newest/delivery"
    }  # fmt: skip
    assert run.said == []


def test_the_broker_keeps_status_health_measures_and_newest_values_for_those_who_come_later(
    tmp_path: Path, mosquitto: Start
) -> None:
    broker = mosquitto("allow_anonymous true")
    info = INFO

    def describe() -> RunInfo:
        return info

    with fed(local(tmp_path, broker), describe) as run:
        run.read(1, 30)
        run.sink.take(frame(31, records=[record(litres="38", day="2026-11-28")]))
        run.sink.take(OutageEvent(Outage(3.0, 1.0, "camera 0 gives no frame")))
        info = replace(INFO, paused=True)
        wait_until(lambda: run.counts.waiting == 0 and run.counts.delivered == 31)
        with subscribed(broker.port) as late:
            wait_until(lambda: b"gives no frame" in late.kept("health"))
            wait_until(lambda: json.loads(late.kept("health"))["paused"])
            assert late.kept("status") == b"online"
            assert json.loads(late.kept("newest/reading"))["text"] == "00030"
            assert json.loads(late.kept("newest/delivery/litres"))["value"] == "38"
            assert late.bodies("reading") == []
    health = json.loads(late.kept("health"))
    assert (health["artifact"], health["board_profile"], health["confidence"]) == (
        "nano-int8.tflite",
        "pi4",
        pytest.approx(0.95, abs=0.01),
    )
    with subscribed(broker.port, "digit-agent/counter-01/#") as after:
        wait_until(lambda: after.kept("status") == b"offline")
        wait_until(lambda: after.kept("measures") != b"")


def test_the_picture_of_the_camera_is_sent_now_and_then_if_somebody_wants_it(tmp_path: Path, mosquitto: Start) -> None:
    broker = mosquitto("allow_anonymous true")
    image = np.full((960, 1280, 3), 200, np.uint8)
    with subscribed(broker.port) as subscriber:
        with fed(local(tmp_path, broker)) as run:
            run.sink.take(replace(frame(0, [reading("0471")]), image=image))
            wait_until(lambda: run.counts.delivered == 1)
        with fed(replace(local(tmp_path, broker), picture_s=2.0)) as run:
            for number in range(100):
                run.sink.take(replace(frame(number, [reading("0471")]), image=image))
                time.sleep(0.05)
            wait_until(lambda: len(subscriber.bodies("picture")) >= 2)
        wait_until(lambda: subscriber.bodies("status")[-1] == b"offline")
    assert len(subscriber.bodies("picture")) <= 4, "one in two seconds"
    shown = cv2.imdecode(np.frombuffer(subscriber.kept("picture"), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (480, 640, 3)
    with subscribed(broker.port, "digit-agent/counter-01/picture") as late:
        time.sleep(0.2)
        assert late.messages == [], "the broker keeps no picture"


@pytest.mark.parametrize("command", ["read", "pause", "resume"])
def test_a_command_reaches_the_run(tmp_path: Path, mosquitto: Start, command: str) -> None:
    broker = mosquitto("allow_anonymous true")
    with subscribed(broker.port) as subscriber, fed(local(tmp_path, broker)) as run:
        wait_until(lambda: subscriber.kept("status") == b"online")
        for text in ("\0unknown", command):
            single("digit-agent/counter-01/command", text, qos=1, hostname="127.0.0.1", port=broker.port)
        wait_until(lambda: run.commands == [command])


def test_an_old_command_that_the_broker_has_kept_does_nothing(tmp_path: Path, mosquitto: Start) -> None:
    broker = mosquitto("allow_anonymous true")
    single("digit-agent/counter-01/command", "pause", retain=True, hostname="127.0.0.1", port=broker.port)
    with fed(local(tmp_path, broker)) as run:
        single("digit-agent/counter-01/command", "read", hostname="127.0.0.1", port=broker.port)
        run.read(1, 1)
        wait_until(lambda: run.counts.delivered == 1)
        single("digit-agent/counter-01/command", "read", hostname="127.0.0.1", port=broker.port)
        wait_until(lambda: "read" in run.commands)
        assert "pause" not in run.commands


def test_the_first_reading_is_in_the_health_at_once(tmp_path: Path, mosquitto: Start) -> None:
    broker = mosquitto("allow_anonymous true")
    with subscribed(broker.port) as subscriber, fed(local(tmp_path, broker)) as run:
        wait_until(lambda: subscriber.kept("health") != b"")
        assert json.loads(subscriber.kept("health"))["last_reading"] == ""
        run.read(1, 100)
        wait_until(lambda: run.counts.delivered == 100)
        wait_until(lambda: json.loads(subscriber.kept("health"))["last_reading"] != "")
        assert json.loads(subscriber.kept("health"))["confidence"] == pytest.approx(0.95)
        assert len(subscriber.bodies("health")) <= 3, "and not with every reading"


@pytest.mark.parametrize("how", ["url", "file"])
def test_user_and_password(tmp_path: Path, mosquitto: Start, how: str) -> None:
    broker = mosquitto(f"password_file {password_file(tmp_path)}")
    if how == "url":
        given = options(tmp_path, f"mqtt://{USER}:p%40ss%2Fw0rd%20S3CR@127.0.0.1:{broker.port}/farm/a")
    else:
        (tmp_path / "secret").write_text(f"{PASSWORD}\n")
        files = BrokerFiles(password=tmp_path / "secret")
        given = options(tmp_path, f"mqtt://{USER}@127.0.0.1:{broker.port}/farm/a", files)
    with subscribed(broker.port, "farm/a/#") as subscriber, fed(given) as run:
        run.read(1, 3)
        wait_until(lambda: texts(subscriber.bodies("reading")) == ["00001", "00002", "00003"])
    assert run.said == []
    assert "S3CR" not in repr(given)


# paho-mqtt leaves a socket whose handshake has failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_encryption_and_client_certificates(tmp_path: Path, mosquitto: Start, certificates: Certificates) -> None:
    c = certificates
    broker = mosquitto(
        f"cafile {c.authority}\ncertfile {c.server}\nkeyfile {c.server_key}\n"
        "require_certificate true\nuse_identity_as_username true\nallow_anonymous true"
    )
    context = ssl.create_default_context(cafile=c.authority)
    context.load_cert_chain(c.client, c.client_key)
    url = f"mqtts://127.0.0.1:{broker.port}"
    files = BrokerFiles(authority=c.authority, certificate=c.client, key=c.client_key)
    with subscribed(broker.port, tls=context) as subscriber, fed(options(tmp_path, url, files)) as run:
        run.read(1, 50)
        wait_until(lambda: len(texts(subscriber.bodies("reading"))) == 50)
    assert run.said == []
    with fed(options(tmp_path, url, BrokerFiles(authority=c.authority), board="counter-02")) as run:
        wait_until(lambda: run.said != [])
    assert run.said[0].startswith(f"the broker {url} ")
    with fed(options(tmp_path, url, board="counter-03")) as run:
        wait_until(lambda: run.said != [])
    assert "has a certificate that is not valid here (" in run.said[0]
    assert "--mqtt-ca" in run.said[0]


def test_a_broker_that_refuses_the_password_is_named_without_it(tmp_path: Path, mosquitto: Start) -> None:
    broker = mosquitto(f"password_file {password_file(tmp_path)}")
    with fed(options(tmp_path, f"mqtt://{USER}:S3CR@127.0.0.1:{broker.port}")) as run:
        run.read(1, 5)
        wait_until(lambda: run.counts.failures > 2)
    assert run.said == [
        f"the broker mqtt://***@127.0.0.1:{broker.port} refuses the user name or the password; check both; the "
        "password belongs into --mqtt-password-file; the messages wait in the outbox"
    ]
    assert run.counts.waiting == 6


def test_a_user_who_may_not_write_is_named_and_nothing_is_lost(tmp_path: Path, mosquitto: Start) -> None:
    rights = tmp_path / "rights"
    rights.write_text("topic read #\n")
    broker = mosquitto(f"allow_anonymous true\nacl_file {rights}")
    with fed(local(tmp_path, broker)) as run:
        run.read(1, 5)
        wait_until(lambda: run.said != [])
        assert "does not allow this user what the agent does" in run.said[0]
        assert run.counts.delivered == 0
        broker.kill()
        rights.write_text("topic readwrite #\n")
        broker.start()
        with subscribed(broker.port) as subscriber:
            wait_until(lambda: len(texts(subscriber.bodies("reading"))) == 5 or run.counts.waiting == 0)


def test_two_boards_with_one_name_are_named_and_take_turns(
    tmp_path: Path, mosquitto: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.outlets.mqtt.LAST_PAUSE_S", 3.0)
    broker = mosquitto("allow_anonymous true")
    with subscribed(broker.port) as subscriber, fed(local(tmp_path, broker)) as first:
        wait_until(lambda: subscriber.kept("status") == b"online")
        with fed(replace(local(tmp_path / "other", broker), machine="2c3d")) as second:
            said = "is used by another board with the same name; give each board a --board-name of its own"
            wait_until(lambda: any(said in text for text in first.said))
            wait_until(lambda: any(said in text for text in second.said))
            first.read(1, 5)
            wait_until(lambda: texts(subscriber.bodies("reading")) == ["00001", "00002", "00003", "00004", "00005"])
            assert len(first.said) <= 3, "each reason is said once"


def answer_at_once(connection: socket.socket) -> None:
    connection.close()


def answer_never(connection: socket.socket) -> None:
    with connection:
        connection.recv(1)
        threading.Event().wait(60)


def answer_in_http(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answer_at_once, "closes the connection; check the port"),
        (answer_in_http, "closes the connection; check the port"),
        (answer_never, "takes messages and does not confirm them; check that an MQTT broker runs there"),
    ],
)
def test_something_else_at_the_port(
    tmp_path: Path, answer: Callable[[socket.socket], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.outlets.mqtt_session.ANSWER_TIMEOUT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        port = server.getsockname()[1]
        with fed(options(tmp_path, f"mqtt://127.0.0.1:{port}")) as run:
            run.read(1, 2)
            wait_until(lambda: run.counts.failures >= 2)
        server.shutdown(socket.SHUT_RDWR)
    assert [text for text in run.said if said in text] == run.said[:1]
    assert run.counts.waiting == 3


def test_a_broker_that_is_full_is_named_and_gets_everything_later(tmp_path: Path, mosquitto: Start) -> None:
    """It has as many files open as it may: each connection is one."""
    broker = mosquitto("allow_anonymous true")
    assert broker.process is not None
    with subscribed(broker.port) as subscriber:
        pid, limit = broker.process.pid, resource.prlimit(broker.process.pid, resource.RLIMIT_NOFILE)
        opened = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (opened, limit[1]))
        with fed(local(tmp_path, broker)) as run:
            run.read(1, 5)
            wait_until(lambda: run.counts.failures > 2)
            assert len(run.said) == 1
            assert "closes the connection; check the port, and whether the broker is full" in run.said[0]
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
            wait_until(lambda: texts(subscriber.bodies("reading")) == [f"{number:05d}" for number in range(1, 6)])


@pytest.mark.parametrize("limit", ["max_packet_size", "message_size_limit"])
def test_a_message_that_is_too_large_for_the_broker_does_not_hold_up_later_ones(
    tmp_path: Path, mosquitto: Start, limit: str
) -> None:
    """mosquitto tells its first limit when a client connects, and the second one only by refusing a message."""
    broker = mosquitto(f"allow_anonymous true\n{limit} 2000")
    large = record(**{f"field {number}": "1" for number in range(50)})
    said = (
        f"a message is set aside, and later ones go on: the broker mqtt://127.0.0.1:{broker.port} does not take "
        "messages of this size; raise the broker's limit for the size of a message"
    )
    with subscribed(broker.port) as subscriber, fed(local(tmp_path, broker)) as run:
        run.read(1, 3)
        for number in range(3):
            run.sink.take(frame(number, records=[large]))
        run.read(4, 200)
        wait_until(lambda: len(texts(subscriber.bodies("reading"))) == 200)
        wait_until(lambda: (run.counts.waiting, run.counts.aside) == (3, 3))
        assert run.said == [said], "once"
        assert json.loads(subscriber.kept("field 49"))["value"] == "1", "the values themselves are small"
    assert texts(subscriber.bodies("reading")) == [f"{number:05d}" for number in range(1, 201)], "in order"
    with fed(local(tmp_path, broker)) as run:
        run.read(201, 201)
        wait_until(lambda: run.counts.delivered >= 1)
        wait_until(lambda: (run.counts.waiting, run.counts.aside) == (3, 3))
    broker.kill()
    broker.settings = "allow_anonymous true"
    broker.start()
    with subscribed(broker.port) as subscriber, fed(local(tmp_path, broker)) as run:
        wait_until(lambda: (run.counts.waiting, run.counts.aside) == (0, 0))
        wait_until(lambda: len(subscriber.bodies("record")) == 3)
        assert run.said == []


def test_a_picture_that_is_too_large_for_the_broker_is_named_once(tmp_path: Path, mosquitto: Start) -> None:
    broker = mosquitto("allow_anonymous true\nmax_packet_size 2000")
    image = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    said = "does not take messages of this size; raise the broker's limit for the size of a message"
    with subscribed(broker.port) as subscriber, fed(replace(local(tmp_path, broker), picture_s=0.0)) as run:
        for number in range(3):
            run.sink.take(replace(frame(number, [reading("0471")]), image=image))
            wait_until(lambda count=number: run.counts.delivered > count)  # type: ignore[misc]
        wait_until(lambda: texts(subscriber.bodies("reading")) == ["0471"] * 3)
        wait_until(lambda: run.said != [])
    assert run.said == [f"the picture of the camera is not sent: the broker mqtt://127.0.0.1:{broker.port} {said}"]


def test_a_broker_that_is_not_there_yet_costs_nothing(tmp_path: Path, mosquitto: Start) -> None:
    port = free_port()
    with fed(options(tmp_path, f"mqtt://127.0.0.1:{port}")) as run:
        run.read(1, 100)
        wait_until(lambda: run.counts.failures > 1)
        broker = mosquitto("allow_anonymous true")
        broker.kill()
        broker.port = port
        broker.start()
        wait_until(lambda: run.counts.waiting == 0)
        assert run.said == [
            f"the broker mqtt://127.0.0.1:{port} refuses the connection; check the port, and that the broker runs; "
            "the messages wait in the outbox",
            run.said[1],
        ]
        assert run.said[1].startswith("mqtt works again; ")
