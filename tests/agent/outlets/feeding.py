"""Events as a run sends them, and the outlets that take them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from agent.events import Counts, FrameEvent, OutletCounts, RunInfo, Vitals
from agent.forms.record import Record, RecordField
from agent.outlets.assemble import OutletOptions, open_outlets
from agent.outlets.sink import OutletSink
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import Page

INFO = RunInfo("demo", "pi4", "nano-int8.tflite", "LiteRT", "the fastest", None)


def reading(text: str, confidence: float = 0.95) -> Reading:
    digits = tuple(Digit(int(one), confidence, Box(12 * n, 5, 10, 20)) for n, one in enumerate(text))
    return Reading(text, Box(0, 5, 12 * len(text), 20), confidence, digits)


def record(**values: str) -> Record:
    corners = ((0.0, 0.0),) * 4
    fields = tuple(RecordField(name, text, text, text, 0.99, (), corners) for name, text in values.items())
    return Record("delivery", fields)


def frame(
    number: int,
    readings: Sequence[Reading] = (),
    records: Sequence[Record] = (),
    vitals: Vitals | None = None,
    total_ms: float = 20.0,
) -> FrameEvent:
    counts = Counts(number + 1, 0, number + 1, 4 * number)
    latency = {"total": total_ms}
    return FrameEvent(
        number, "demo:", None, Page(9, 9, (), (), {}), tuple(readings), latency, 0, counts, vitals, (), tuple(records)
    )


@dataclass
class Fed:
    """A sink with its outlets, and what it said."""

    sink: OutletSink
    said: list[str]
    commands: list[str]

    def read(self, first: int, last: int) -> None:
        """Take a frame with one reading for each number."""
        for number in range(first, last + 1):
            self.sink.take(frame(number, [reading(f"{number:05d}")]))

    @property
    def counts(self) -> OutletCounts:
        return self.sink.outlets[0].counts()


@contextmanager
def fed(options: OutletOptions, info: Callable[[], RunInfo] = lambda: INFO) -> Iterator[Fed]:
    """Open the outlets of a run, and close them at the end of the `with` block.

    Args:
        options: where messages go.
        info: describes the run.
    """
    said, commands = list[str](), list[str]()
    actions: Mapping[str, Callable[[], None]] = {
        name: lambda name=name: commands.append(name)  # type: ignore[misc]
        for name in ("read", "pause", "resume")
    }
    sink = open_outlets(options, info, actions, said.append, wait=True)
    try:
        yield Fed(sink, said, commands)
    finally:
        sink.close()


def texts(bodies: Sequence[bytes]) -> list[str]:
    """Return the texts of readings, oldest first; a message that came twice counts once."""
    found = {body["id"]: body["text"] for body in map(msgspec.json.decode, bodies)}
    return list(found.values())
