"""What Home Assistant needs to know of a board: one message that describes all its entities.

Source: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from agent.events import Vitals
from agent.outlets.broker import Broker
from agent.outlets.newest import READING, field_topic
from agent.outlets.outbox import Outbox
from agent.outlets.picture import TOPIC as PICTURE

TOPIC = "homeassistant/device"
"""Home Assistant's default prefix, and the kind of discovery."""
EXPIRES_S = 180
"""Time without measures after which a value counts as unknown, in seconds: three of them are missing."""
REMOVAL_S = 60.0
"""Time for which a connected board says that an entity is gone, in seconds, before it forgets that there was one."""
NOTE = "home_assistant"
"""Note in the outbox: the entities that were described, with their platforms."""

Entity = dict[str, object]


@dataclass(frozen=True)
class HomeAssistantOptions:
    """What a board is called, and what it reads."""

    model: str
    version: str
    fields: Sequence[tuple[str, str]] = ()
    """Names of form and field; empty if the board reads numbers anywhere."""
    has_picture: bool = False
    """Whether the board sends pictures of its camera."""
    page: str | None = None
    """Address of the board's web page; None if it serves none."""


class Discovery:
    """The description of a board for Home Assistant; used by one thread.

    Args:
        broker: the broker, and the board's place on it.
        options: what is described; None removes what an earlier run has described.
        outbox: remembers what was described.
        clock_s: current time, in seconds.
    """

    def __init__(
        self, broker: Broker, options: HomeAssistantOptions | None, outbox: Outbox, clock_s: Callable[[], float]
    ) -> None:
        self._broker, self._options, self._outbox, self._clock_s = broker, options, outbox, clock_s
        note = outbox.note(NOTE)
        self._known = msgspec.json.decode(note, type=dict[str, str]) if note else {}
        self._gone_since_s: float | None = None

    def __call__(self, vitals: Vitals) -> dict[str, bytes]:
        """Return the message by its topic; an entity that is gone is in it for a while, so that it is removed."""
        entities = {} if self._options is None else make_entities(self._broker.root, self._options, vitals)
        gone = {name: platform for name, platform in self._known.items() if name not in entities}
        if not entities and not gone:
            return {}
        if gone:
            self._gone_since_s = self._clock_s() if self._gone_since_s is None else self._gone_since_s
            if self._clock_s() - self._gone_since_s >= REMOVAL_S:
                gone, self._gone_since_s = {}, None
        platforms = {name: str(entity["platform"]) for name, entity in entities.items()}
        if not gone and platforms != self._known:
            self._known = platforms
            self._outbox.set_note(NOTE, msgspec.json.encode(platforms).decode() if platforms else "")
        body = self._describe(entities, gone) if self._options is not None else b""
        return {f"{TOPIC}/{self._broker.client_id}/config": body}

    def _describe(self, entities: Mapping[str, Entity], gone: Mapping[str, str]) -> bytes:
        options, broker = self._options, self._broker
        assert options is not None
        device = {
            "identifiers": [broker.client_id],
            "name": broker.board,
            "manufacturer": "digit-agent",
            "model": options.model,
            "sw_version": options.version,
        }
        components: dict[str, Entity] = {name: {"platform": platform} for name, platform in gone.items()}
        for name, entity in entities.items():
            components[name] = {"unique_id": f"{broker.client_id}-{name}", **entity}
        message = {
            "device": device | ({"configuration_url": options.page} if options.page else {}),
            "origin": {"name": "digit-agent", "sw_version": options.version},
            "availability_topic": f"{broker.root}/status",
            "components": components,
        }
        return msgspec.json.encode(message)


def make_entities(root: str, options: HomeAssistantOptions, vitals: Vitals) -> dict[str, Entity]:
    """Return the entities of a board by name.

    Args:
        root: beginning of the board's topics.
        options: what is described.
        vitals: newest sample; only what this board measures becomes an entity.
    """
    entities = {_entity_name(form, name): _field(root, form, name) for form, name in options.fields}
    if not options.fields:
        value = "{{ value_json.value if value_json.value is not none else value_json.text }}"
        entities["reading"] = _value("Reading", f"{root}/{READING}", value)
    entities["confidence"] = _measure("Confidence", root, "(100 * value_json.confidence) | round(1)", "%")
    if vitals.temperature_c is not None:
        entities["temperature"] = _measure("Temperature", root, "value_json.temperature_c", "°C", "temperature")
    if vitals.power_mw is not None:
        entities["power"] = _measure("Power", root, "value_json.power_w", "W", "power")
    entities["camera"] = _problem("Camera", root, "value_json.outage")
    if vitals.throttling is not None:
        entities["under_voltage"] = _problem("Under-voltage", root, "value_json.under_voltage")
    if options.has_picture:
        entities["picture"] = {
            "platform": "image",
            "name": "Picture",
            "icon": "mdi:cctv",
            "image_topic": f"{root}/{PICTURE}",
            "content_type": "image/jpeg",
        }
    entities["read"] = {
        "platform": "button",
        "name": "Read now",
        "icon": "mdi:camera-iris",
        "command_topic": f"{root}/command",
        "payload_press": "read",
    }
    entities["pause"] = {
        "platform": "switch",
        "name": "Pause",
        "icon": "mdi:pause",
        "command_topic": f"{root}/command",
        "payload_on": "pause",
        "payload_off": "resume",
        "state_topic": f"{root}/health",
        "value_template": "{{ 'pause' if value_json.paused else 'resume' }}",
    }
    return entities


def _entity_name(form: str, name: str) -> str:
    """Return a name for a field with the characters that Home Assistant allows, and another one for each field."""
    text = f"field_{form}_{name}"
    plain = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return plain if plain == text else f"{plain}_{zlib.crc32(text.encode()):08x}"


def _field(root: str, form: str, name: str) -> Entity:
    return _value(name, f"{root}/{field_topic(form, name)}", "{{ value_json.value }}")


def _value(name: str, topic: str, template: str) -> Entity:
    return {
        "platform": "sensor",
        "name": name,
        "icon": "mdi:counter",
        "state_topic": topic,
        "value_template": template,
        "json_attributes_topic": topic,
    }


def _measure(name: str, root: str, value: str, unit: str, device_class: str | None = None) -> Entity:
    """Return an entity for a figure of the measures; it is unknown while the figure is null."""
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": f"{root}/measures",
        "value_template": f"{{{{ {value} if {_key(value)} is not none else none }}}}",
        "unit_of_measurement": unit,
        "state_class": "measurement",
        "entity_category": "diagnostic",
        "expire_after": EXPIRES_S,
        **({"device_class": device_class} if device_class else {}),
    }


def _key(value: str) -> str:
    """Return the part of an expression that names a key, such as `value_json.power_w`."""
    found = re.search(r"value_json\.\w+", value)
    assert found is not None
    return found[0]


def _problem(name: str, root: str, condition: str) -> Entity:
    return {
        "platform": "binary_sensor",
        "name": name,
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": f"{root}/health",
        "value_template": f"{{{{ 'ON' if {condition} else 'OFF' }}}}",
    }
