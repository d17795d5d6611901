"""What Home Assistant is told of a board. tests/integrations loads the same messages with Home Assistant's own code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.events import Vitals
from agent.outlets.broker import BrokerFiles, parse_broker
from agent.outlets.home_assistant import REMOVAL_S, Discovery, HomeAssistantOptions
from agent.outlets.outbox import Outbox

BROKER = parse_broker("mqtt://broker.lan", "counter-01", BrokerFiles(), {})
TOPIC = f"homeassistant/device/{BROKER.client_id}/config"
NUMBERS = HomeAssistantOptions("Raspberry Pi 4 Model B", "0.1.0")
FORM = HomeAssistantOptions("Raspberry Pi 4 Model B", "0.1.0", (("delivery", "litres"), ("delivery", "due/day °")))
BARE, FULL = Vitals(1), Vitals(1, 4200.0, 51.5, ())


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.db", ["mqtt"], print)
    yield opened
    opened.close()


def components(found: dict[str, bytes]) -> dict[str, dict[str, object]]:
    return dict(json.loads(found[TOPIC])["components"])


def at(seconds: float) -> Callable[[], float]:
    return lambda: seconds


def test_a_board_is_one_device_with_an_entity_for_each_thing_that_it_measures(outbox: Outbox) -> None:
    found = Discovery(BROKER, NUMBERS, outbox, at(0))(BARE)
    message = json.loads(found[TOPIC])
    assert message["device"] == {
        "identifiers": [BROKER.client_id],
        "name": "counter-01",
        "manufacturer": "digit-agent",
        "model": "Raspberry Pi 4 Model B",
        "sw_version": "0.1.0",
    }
    assert message["availability_topic"] == "digit-agent/counter-01/status"
    assert list(message["components"]) == ["reading", "confidence", "camera", "read", "pause"]
    assert list(components(Discovery(BROKER, NUMBERS, outbox, at(0))(FULL))) == [
        "reading", "confidence", "temperature", "power", "camera", "under_voltage", "read", "pause"
    ]  # fmt: skip
    with_picture = components(Discovery(BROKER, replace(NUMBERS, has_picture=True), outbox, at(0))(BARE))
    assert with_picture["picture"]["image_topic"] == "digit-agent/counter-01/picture"
    unique = [entity["unique_id"] for entity in message["components"].values()]
    assert len(set(unique)) == len(unique)


def test_a_form_has_an_entity_for_each_field(outbox: Outbox) -> None:
    found = components(Discovery(BROKER, FORM, outbox, at(0))(BARE))
    names = [name for name in found if name.startswith("field_")]
    assert [found[name]["name"] for name in names] == ["litres", "due/day °"]
    assert [found[name]["state_topic"] for name in names] == [
        "digit-agent/counter-01/newest/delivery/litres",
        "digit-agent/counter-01/newest/delivery/due_day °",
    ]
    assert all(name.isascii() and name.replace("_", "").isalnum() for name in names)
    assert "reading" not in found


def test_a_field_that_goes_is_removed_for_a_minute_and_then_left_out(outbox: Outbox) -> None:
    Discovery(BROKER, FORM, outbox, at(0))(BARE)
    now_s = 0.0
    later = Discovery(BROKER, NUMBERS, outbox, lambda: now_s)
    gone = [name for name in components(later(BARE)) if name.startswith("field_")]
    assert [components(later(BARE))[name] for name in gone] == [{"platform": "sensor"}] * 2
    now_s = REMOVAL_S
    assert not set(gone) & components(later(BARE)).keys()
    assert not set(gone) & components(Discovery(BROKER, NUMBERS, outbox, at(0))(BARE)).keys()


def test_a_board_that_is_not_described_any_more_is_removed(outbox: Outbox) -> None:
    assert Discovery(BROKER, None, outbox, at(0))(BARE) == {}
    Discovery(BROKER, NUMBERS, outbox, at(0))(BARE)
    now_s = 0.0
    off = Discovery(BROKER, None, outbox, lambda: now_s)
    assert off(BARE) == {TOPIC: b""}
    now_s = REMOVAL_S
    off(BARE)
    assert Discovery(BROKER, None, outbox, at(0))(BARE) == {}
