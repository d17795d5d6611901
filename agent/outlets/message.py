"""Messages that leave the board: one JSON object for each reading, record, fault and minute of measures."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

import msgspec

from agent.events import FaultEvent, FrameEvent
from agent.vision.page import reading_to_dict
from profiles.foreign_text import show

Kind = Literal["reading", "record", "fault", "measures"]
RUN_BYTES = 6
"""Random bytes in the name of a run. Two runs in a billion get the same name after 800,000 runs."""


@dataclass(frozen=True)
class Message:
    """A message before it is stored."""

    kind: Kind
    body: bytes
    """A JSON object. Its `id` is the same each time that the message is delivered."""


@dataclass(frozen=True)
class StoredMessage:
    """A message in the outbox."""

    number: int
    """Grows with each message, also over restarts."""
    kind: Kind
    body: bytes

    def decode(self) -> dict[str, object]:
        """Return the JSON object."""
        return msgspec.json.decode(self.body, type=dict[str, object])


class MessageMaker:
    """Makes the messages of a run, with ids that no other run uses.

    Args:
        board: name of the board.
    """

    def __init__(self, board: str) -> None:
        self._board, self._run, self._count = board, secrets.token_hex(RUN_BYTES), 0

    def make(self, kind: Kind, at: datetime, content: Mapping[str, object]) -> Message:
        """Return a message.

        Args:
            kind: what it is about.
            at: time of what it is about.
            content: further keys of the JSON object.
        """
        self._count += 1
        head = {"id": f"{self._run}-{self._count}", "time": utc(at), "board": self._board}
        return Message(kind, msgspec.json.encode({**head, **content}))

    def of_event(self, event: FrameEvent | FaultEvent, at: datetime) -> list[Message]:
        """Return a message for each reading and record of a frame, with the keys of `run --json`, or for a fault."""
        if isinstance(event, FaultEvent):
            return [self.make("fault", at, {"text": event.text})]
        head = {"source": show(event.source), "frame": event.number}
        readings = [self.make("reading", at, {**head, **reading_to_dict(one)}) for one in event.announced]
        return readings + [self.make("record", at, {**head, **one.to_dict()}) for one in event.records]


def utc(at: datetime) -> str:
    """Format a time as ISO 8601, UTC."""
    return at.astimezone(timezone.utc).isoformat(timespec="milliseconds")
