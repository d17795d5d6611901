"""The newest value of each field, for topics that a broker keeps."""

from __future__ import annotations

import msgspec

from agent.outlets.broker import topic_level
from agent.outlets.message import StoredMessage

READING = "newest/reading"


def newest_values(message: StoredMessage) -> dict[str, bytes]:
    """Return the values that a message brings: a JSON object by topic, below that of the board.

    `newest/reading` has the last reading, `newest/FORM/FIELD` the last value of each field of a form.
    """
    if message.kind not in ("reading", "record"):
        return {}
    try:
        return _values(message)
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError):
        return {}  # the outbox has it from another version, which had other keys


def _values(message: StoredMessage) -> dict[str, bytes]:
    body = msgspec.json.decode(message.body)
    head = {"id": body["id"], "time": body["time"]}
    if message.kind == "reading":
        value = {key: body[key] for key in ("value", "text", "confidence")}
        return {READING: msgspec.json.encode({**head, **value})}
    return {
        field_topic(body["form"], name): msgspec.json.encode(
            {**head, **{key: field[key] for key in ("value", "text", "confidence", "sure")}}
        )
        for name, field in body["fields"].items()
    }


def field_topic(form: str, name: str) -> str:
    """Return the topic of a field of a form."""
    return f"newest/{topic_level(form)}/{topic_level(name)}"
