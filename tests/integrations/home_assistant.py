"""Load a discovery message with Home Assistant's own code. It runs in an environment of its own, on its Python.

Each line of standard input is a JSON object. With `topic` and `body` it is a discovery message: the entities are
printed, each as its platform takes it. With `template` and `body` the state that the template gives is printed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
from typing import Any

from homeassistant.components.mqtt import const, discovery, models
from homeassistant.core import HomeAssistant
from homeassistant.helpers import template


class _Data:
    def __init__(self) -> None:
        self.discovery_already_discovered: dict[tuple[str, str], None] = {}


def entities_of(hass: HomeAssistant, topic: str, message: str) -> dict[str, dict[str, Any]]:
    """Return the configuration of each entity as its platform takes it; empty if it is removed.

    Raises:
        Exception: Home Assistant does not accept the message.
    """
    found = discovery.TOPIC_MATCHER.match(topic.removeprefix("homeassistant/"))
    assert found is not None, f"{topic} is not a discovery topic"
    assert found.group("component") == "device"
    payload = discovery._parse_device_payload(hass, message, found.group("object_id"), found.group("node_id"))
    assert payload, "the message is not valid"
    assert discovery._valid_origin_info(payload)
    entities = {}
    for name, component in payload[const.CONF_COMPONENTS].items():
        platform = component.pop("platform")
        if component:
            discovery._merge_common_device_options(component, payload)
            module = importlib.import_module(f"homeassistant.components.mqtt.{platform}")
            component.update(module.DISCOVERY_SCHEMA(component))
        entities[name] = {"platform": platform, **{key: str(value) for key, value in component.items()}}
    return entities


def rendered(hass: HomeAssistant, text: str, body: str) -> str:
    """Return the state that a template gives for the body of a message."""
    return str(models.MqttValueTemplate(template.Template(text, hass)).async_render_with_possible_json_value(body))


async def main() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    hass = HomeAssistant("/tmp")  # nothing is written there
    hass.data[models.DATA_MQTT] = _Data()
    for line in sys.stdin:
        request = json.loads(line)
        if "template" in request:
            answer: object = rendered(hass, request["template"], request["body"])
        else:
            answer = entities_of(hass, request["topic"], request["body"])
        sys.stdout.write(f"{json.dumps(answer)}\n")


asyncio.run(main())
