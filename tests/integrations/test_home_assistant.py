"""Home Assistant's own code takes what a board sends; DIGIT_HOME_ASSISTANT names a Python that has it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.capture.outage import Outage
from agent.events import OutageEvent, RunInfo, Vitals
from agent.outlets.home_assistant import HomeAssistantOptions
from tests.agent.outlets.feeding import INFO, fed, frame, reading, record
from tests.integrations.conftest import find_tool, subscribed
from tests.integrations.test_mqtt import Start, local
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
LOADER = Path(__file__).with_name("home_assistant.py")
OPTIONS = HomeAssistantOptions("Raspberry Pi 4 Model B", "0.1.0", page="http://counter-01.local:8080/")
FORM = replace(OPTIONS, fields=(("delivery", "litres"), ("delivery", "due day")))


@pytest.fixture(autouse=True)
def python() -> str:
    find_tool("mosquitto")
    found = os.environ.get("DIGIT_HOME_ASSISTANT", "")
    if not found:
        pytest.skip("DIGIT_HOME_ASSISTANT names no Python with homeassistant")
    return found


def loaded(python: str, requests: list[dict[str, str]]) -> list[Any]:
    """Give requests to Home Assistant's code, and return its answers."""
    text = "".join(f"{json.dumps(request)}\n" for request in requests)
    done = subprocess.run([python, str(LOADER)], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "it warns of nothing"
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_home_assistant_accepts_a_board_and_computes_its_states(tmp_path: Path, mosquitto: Start, python: str) -> None:
    broker = mosquitto("allow_anonymous true")
    info = INFO

    def describe() -> RunInfo:
        return info

    given = replace(local(tmp_path, broker), home_assistant=replace(OPTIONS, has_picture=True))
    with subscribed(broker.port) as subscriber:
        with fed(given, describe) as run:
            run.sink.take(frame(0, [reading("0471")], vitals=Vitals(1, 4200.0, 51.5, ("under-voltage",))))
            run.sink.take(OutageEvent(Outage(3.0, 1.0, "camera 0 gives no frame")))
            info = replace(INFO, paused=True)
            wait_until(lambda: b'"paused":true' in subscriber.kept("health"))
            wait_until(lambda: b"under_voltage" in subscriber.kept("config"))
        wait_until(lambda: subscriber.kept("status") == b"offline" and subscriber.kept("measures") != b"")
        topic = next(one.topic for one in subscriber.messages if one.topic.endswith("/config"))
        entities = loaded(python, [{"topic": topic, "body": subscriber.kept("config").decode()}])[0]
        states = {}
        for name, entity in entities.items():
            if "state_topic" in entity:
                body = subscriber.kept(entity["state_topic"].removeprefix("digit-agent/counter-01/")).decode()
                template = entity["value_template"].removeprefix("Template<template=(").rpartition(") renders=")[0]
                states[name] = loaded(python, [{"template": template, "body": body}])[0]
    assert {name: entity["platform"] for name, entity in entities.items()} == {
        "reading": "sensor", "confidence": "sensor", "temperature": "sensor", "power": "sensor",
        "camera": "binary_sensor", "under_voltage": "binary_sensor", "picture": "image", "read": "button",
        "pause": "switch",
    }  # fmt: skip
    assert states == {
        "reading": "0471", "confidence": "95.0", "temperature": "51.5", "power": "4.2",
        "camera": "ON", "under_voltage": "ON", "pause": "pause",
    }  # fmt: skip
    assert (entities["power"]["unit_of_measurement"], entities["power"]["device_class"]) == ("W", "power")
    assert entities["temperature"]["expire_after"] == "180"
    picture = entities["picture"]
    assert (picture["image_topic"], picture["content_type"]) == ("digit-agent/counter-01/picture", "image/jpeg")


def test_home_assistant_accepts_fields_and_their_removal(tmp_path: Path, mosquitto: Start, python: str) -> None:
    broker = mosquitto("allow_anonymous true")
    given = local(tmp_path, broker)
    with subscribed(broker.port) as subscriber:
        with fed(replace(given, home_assistant=FORM)) as run:
            run.sink.take(frame(0, records=[record(**{"litres": "38", "due day": ""})]))
            wait_until(lambda: subscriber.bodies("config") != [])
        with fed(replace(given, home_assistant=OPTIONS)):
            wait_until(lambda: len(subscriber.bodies("config")) == 2)
        with fed(given):
            wait_until(lambda: subscriber.kept("config") == b"")
        topic = next(one.topic for one in subscriber.messages if one.topic.endswith("/config"))
        described, changed, removed = (body.decode() for body in subscriber.bodies("config"))
    first, second = loaded(python, [{"topic": topic, "body": body} for body in (described, changed)])
    fields = [name for name in first if name.startswith("field_")]
    assert [first[name]["name"] for name in fields] == ["litres", "due day"]
    assert [second[name] for name in fields] == [{"platform": "sensor"}] * 2
    assert removed == ""
