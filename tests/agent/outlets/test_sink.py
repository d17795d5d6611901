"""The sink and its outlets go on after errors that nobody expected, say each once, and count what is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent.events import FaultEvent, SendingCounts
from agent.outlets.assemble import OutletOptions
from agent.outlets.message import MessageMaker
from agent.outlets.outbox import Outbox
from agent.outlets.outlet import Outlet
from agent.outlets.sink import OutletSink
from agent.outlets.state import RunState
from tests.agent.outlets.feeding import INFO, fed, frame, reading, texts
from tests.waiting import wait_until

UNENCODABLE = FaultEvent("\udc80")
"""Text that no encoding of Unicode has; a run never sends such a fault."""


class Clumsy(Outlet):
    """An outlet with a fault of its own: its first deliveries end with an error that it does not know."""

    def __init__(self, outbox: Outbox, warn: Callable[[str], None]) -> None:
        super().__init__("clumsy", outbox, warn, first_pause_s=0.01)
        self.bodies = list[bytes]()

    def _deliver(self) -> None:
        if self.counts().failures < 3:
            raise ZeroDivisionError("division by zero")
        while not self._is_drained and not self._is_over():
            for message in self._outbox.after(self._outbox.confirmed(self.name), 10):
                self.bodies.append(message.body)
                self._delivered += 1
                self._outbox.confirm(self.name, message.number)
                self._works()


def open_clumsy(folder: Path, said: list[str]) -> OutletSink:
    outbox = Outbox(folder / "outbox.db", ["clumsy"], said.append)
    state = RunState(lambda: INFO)
    return OutletSink(outbox, [Clumsy(outbox, said.append)], state, MessageMaker("counter-01"), said.append)


def test_an_event_that_cannot_be_stored_is_said_once_and_costs_only_itself(tmp_path: Path) -> None:
    with fed(OutletOptions("counter-01", tmp_path / "outbox.db")) as run:
        run.read(1, 2)
        for _ in range(3):
            run.sink.take(UNENCODABLE)
        run.read(3, 4)
        wait_until(lambda: run.sink.unstored == 0)
        assert run.sink.counts() == SendingCounts((), 0, 3)
    assert [text.partition(" (")[0] for text in run.said] == [
        "a message could not be stored",
        "3 readings or faults never reached the outbox",
    ]
    assert run.said[0].endswith("; the agent has a fault: report it")


def test_a_database_that_breaks_is_said_once_and_the_next_messages_are_stored(tmp_path: Path) -> None:
    with fed(OutletOptions("counter-01", tmp_path / "outbox.db")) as run:
        db = run.sink._outbox._db
        for where in ("main", "memory"):
            db.execute(f"ALTER TABLE {where}.messages RENAME TO elsewhere")
        for number in range(2):
            run.read(number, number)
            wait_until(lambda: run.sink.unstored == 0)
        db.execute("ALTER TABLE memory.elsewhere RENAME TO messages")
        run.read(3, 3)
        wait_until(lambda: run.sink.unstored == 0)
        assert run.sink.counts().lost == 2
    assert len([text for text in run.said if "OperationalError: no such table" in text]) == 1


def test_an_outlet_with_a_fault_says_it_once_counts_it_and_goes_on(tmp_path: Path) -> None:
    said = list[str]()
    sink = open_clumsy(tmp_path, said)
    outlet = sink.outlets[0]
    assert isinstance(outlet, Clumsy)
    sink.take(frame(0, [reading("0471")]))
    wait_until(lambda: outlet.counts().delivered >= 1)
    sink.close()
    assert outlet.counts().failures == 3
    assert texts(outlet.bodies[:1]) == ["0471"]
    assert said == [
        "clumsy cannot send (ZeroDivisionError: division by zero); the agent has a fault: report it; the messages wait "
        "in the outbox",
        said[1],
    ]
    assert said[1].startswith("clumsy works again; ")


def test_a_file_name_that_is_no_text_is_sent_as_one(tmp_path: Path) -> None:
    event = frame(0, [reading("0471")])
    event = replace(event, source="shelf-\udcff.png")
    with fed(OutletOptions("counter-01", tmp_path / "outbox.db")) as run:
        run.sink.take(event)
        wait_until(lambda: run.sink.unstored == 0)
        assert run.sink.counts().lost == 0
