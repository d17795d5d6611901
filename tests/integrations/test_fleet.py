"""`digit-deploy fleet status` asks a real broker."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.capture.outage import Outage
from agent.events import FaultEvent, OutageEvent, RunInfo, Vitals
from tests.agent.outlets.feeding import INFO, fed, frame, reading
from tests.integrations.conftest import PASSWORD, USER, Mosquitto, find_tool, password_file
from tests.integrations.test_mqtt import Start, local, options
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
EXECUTABLE = str(Path(sys.executable).with_name("digit-deploy"))


def ask(broker: Mosquitto, tmp_path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    url = f"mqtt://{USER}@127.0.0.1:{broker.port}/farm"
    command = [EXECUTABLE, "fleet", "status", "--mqtt", url, "--mqtt-password-file", str(tmp_path / "secret"), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "200"})


def test_the_state_of_a_fleet(tmp_path: Path, mosquitto: Start) -> None:
    find_tool("mosquitto")
    broker = mosquitto(f"password_file {password_file(tmp_path)}")
    info = INFO

    def describe() -> RunInfo:
        return info

    url = f"mqtt://{USER}:p%40ss%2Fw0rd%20S3CR@127.0.0.1:{broker.port}/farm"
    with fed(options(tmp_path, url, board="a")) as good, fed(options(tmp_path, url, board="b"), describe) as blind:
        with fed(options(tmp_path, url, board="c")) as gone:
            wait_until(lambda: gone.counts.delivered == 0 and gone.sink.outlets[0]._thread.is_alive())
            gone.read(1, 1)
            wait_until(lambda: gone.counts.delivered == 1)
        good.sink.take(frame(0, [reading("1")], vitals=Vitals(1, None, 48.0)))
        blind.read(1, 1)
        wait_until(lambda: good.counts.delivered == 1 and blind.counts.delivered == 1)
        blind.sink.take(OutageEvent(Outage(3.0, 1.0, "camera 0 gives no frame")))
        info = replace(INFO, artifact="small-int8.onnx")

        def found() -> list[dict[str, object]]:
            return list(json.loads(ask(broker, tmp_path, "--json").stdout)["boards"])

        wait_until(lambda: found()[1]["artifact"] == "small-int8.onnx")
        boards, shown = found(), ask(broker, tmp_path)
    assert [(board["name"], board["online"], board["troubles"]) for board in boards] == [
        ("a", True, []),
        ("b", True, ["blind: camera 0 gives no frame"]),
        ("c", False, ["offline"]),
    ]
    assert shown.returncode == 1
    assert "3 boards, 1 of them in order" in shown.stdout
    assert "nano-int8.tflite" in shown.stdout


@pytest.fixture
def broker(mosquitto: Start, monkeypatch: pytest.MonkeyPatch) -> Mosquitto:
    """A broker whose boards send their health often."""
    monkeypatch.setattr("agent.outlets.assemble.HEALTH_S", 0.5)
    find_tool("mosquitto")
    return mosquitto("allow_anonymous true")


def check(broker: Mosquitto, *arguments: str) -> tuple[int, str]:
    command = [EXECUTABLE, "fleet", "check", "--mqtt", f"mqtt://127.0.0.1:{broker.port}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_canary_is_asked_before_a_rollout_goes_on(tmp_path: Path, broker: Mosquitto) -> None:
    canary = local(tmp_path, broker, "canary")
    with fed(canary) as before:
        for number in range(300):
            before.sink.take(frame(number, [reading("0471", 0.96)]))
        wait_until(lambda: before.counts.delivered == 300)
    assert check(broker, "canary", "unknown") == (1, "canary: offline\nunknown: offline\n")
    with fed(canary) as good:
        for number in range(150):
            good.sink.take(frame(number, [reading("0471", 0.97)]))
        wait_until(lambda: good.counts.delivered == 150)
        wait_until(lambda: "97.0%" in check(broker, "canary")[1])
        assert check(broker, "canary", "--seconds", "1") == (
            0, "canary: in order; nano-int8.tflite, confidence 97.0%, +0.7 percentage points\n"
        )  # fmt: skip
        good.sink.take(FaultEvent("nano-int8.tflite failed; another one is in use"))
        wait_until(lambda: check(broker, "canary")[0] == 1)
        code, said = check(broker, "canary")
    assert (code, said) == (1, "canary: faults: 1, the last one: nano-int8.tflite failed; another one is in use\n")
    with fed(canary) as worse:
        for number in range(150):
            worse.sink.take(frame(number, [reading("0471", 0.8)]))
        wait_until(lambda: worse.counts.delivered == 150)
        wait_until(lambda: check(broker, "canary") == (1, "canary: less sure than before\n"))


def test_a_canary_that_is_corrected_more_often_stops_a_rollout(tmp_path: Path, broker: Mosquitto) -> None:
    said = {"checked": 20, "wrong": 1, "checked_before": 60, "wrong_before": 3}
    with fed(replace(local(tmp_path, broker, "canary"), checked=lambda: dict(said))):
        wait_until(lambda: check(broker, "canary")[0] == 0)
        said["wrong"] = 9
        expected = (1, "canary: 9 of 20 checked readings wrong, before 3 of 60\n")
        wait_until(lambda: check(broker, "canary") == expected)


def test_a_wrong_password_is_said(tmp_path: Path, mosquitto: Start) -> None:
    find_tool("mosquitto")
    broker = mosquitto(f"password_file {password_file(tmp_path)}")
    command = [EXECUTABLE, "fleet", "status", "--mqtt", f"mqtt://{USER}:S3CR@127.0.0.1:{broker.port}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "refuses the question (" in done.stderr
    assert "S3CR" not in done.stderr
