"""The sink that makes messages of a run's events and puts them into the outbox. A slow disk does not delay the run."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from agent.events import Event, FaultEvent, FrameEvent, SendingCounts
from agent.outlets.message import Message, MessageMaker
from agent.outlets.outbox import Outbox
from agent.outlets.outlet import Outlet
from agent.outlets.picture import CameraPicture
from agent.outlets.state import RunState

PERIOD_S = 60.0
"""Time between two messages with measures, in seconds."""
TICK_S = 1.0
"""Longest time until the outbox notes the progress of its outlets, in seconds."""
MAX_EVENTS = 10_000
"""Events that wait for a slow disk. Raising it loses fewer of them, and takes more memory: about 3 kB for each."""
CLOSE_TIMEOUT_S = 10.0
"""Longest wait for the last messages to be stored, in seconds."""
CONFIDENCE = "confidence"
"""Note in the outbox: the earlier confidence."""


class OutletSink:
    """A sink that carries readings, records, faults and measures to the outlets.

    Args:
        outbox: keeps the messages; closed with the sink.
        outlets: deliver them; started and closed with the sink.
        state: sums up the run.
        maker: makes the messages.
        warn: called once if events are lost, and once for each kind of unexpected error.
        picture: gets the frames; None if nobody wants a picture.
        wait: whether `take` waits while there is no room. Set it only if the source is not live.
        period_s: time between two messages with measures, in seconds.
    """

    def __init__(
        self,
        outbox: Outbox,
        outlets: Sequence[Outlet],
        state: RunState,
        maker: MessageMaker,
        warn: Callable[[str], None],
        *,
        picture: CameraPicture | None = None,
        wait: bool = False,
        period_s: float = PERIOD_S,
    ) -> None:
        self._outbox, self.outlets, self._state, self._maker, self._warn = outbox, outlets, state, maker, warn
        self._picture, self._wait, self._period_s = picture, wait, period_s
        self._events: deque[tuple[FrameEvent | FaultEvent, datetime]] = deque()
        self._wake, self._ended, self._room = threading.Event(), threading.Event(), threading.Event()
        self._lost = 0
        self._measured_s, self._is_loss_known, self._is_storing = time.monotonic(), False, False
        self._errors = set[str]()
        for outlet in outlets:
            outlet.start()
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Take an event; a fault may come from any thread."""
        self._state.take(event)
        if self._picture is not None and isinstance(event, FrameEvent):
            self._picture.take(event)
        if isinstance(event, FaultEvent):
            self._add(event)
        elif isinstance(event, FrameEvent) and (event.announced or event.records):
            while self._wait and len(self._events) >= MAX_EVENTS and self._thread.is_alive():
                self._room.clear()
                self._room.wait(0.5)
            self._add(replace(event, image=None))

    def counts(self) -> SendingCounts:
        """Return the counters; any thread may call this."""
        outlets = tuple(outlet.counts() for outlet in self.outlets)
        return SendingCounts(outlets, self._outbox.dropped, self._lost)

    @property
    def unstored(self) -> int:
        """Events that are not in the outbox yet; the end of the agent would lose them."""
        return len(self._events) + self._is_storing

    def close(self) -> None:
        """Store what is left, deliver what can be delivered at once, and end."""
        self._ended.set()
        self._wake.set()
        self._thread.join(CLOSE_TIMEOUT_S)
        for outlet in self.outlets:
            outlet.close()
        self._outbox.set_note(CONFIDENCE, self._state.long_confidence)
        self._outbox.close()

    def _add(self, event: FrameEvent | FaultEvent) -> None:
        if len(self._events) >= MAX_EVENTS:
            self._lost += 1
            return
        self._events.append((event, datetime.now(timezone.utc)))
        self._wake.set()

    def _work(self) -> None:
        while not self._ended.is_set():
            self._wake.wait(TICK_S)
            self._wake.clear()
            self._store()
        self._measured_s = float("-inf")
        self._store()

    def _store(self) -> None:
        """Put everything that waits into the outbox. Whatever goes wrong, the next events are stored."""
        self._is_storing, messages = True, list[Message]()
        try:
            messages += self._make_messages()
            self._add_measures(messages)
            if messages:
                self._outbox.put(messages)
            self._outbox.save()
        except Exception as error:  # noqa: BLE001 - nothing of the outbox may end the thread
            self._lost += len(messages)
            self._say_unexpected(error)
        self._is_storing = False
        for outlet in self.outlets:
            outlet.wake()

    def _make_messages(self) -> list[Message]:
        """Return the messages of all events that wait; an event that gives none is lost."""
        messages = list[Message]()
        while self._events:
            event, at = self._events.popleft()
            try:
                messages += self._maker.of_event(event, at)
            except Exception as error:  # noqa: BLE001 - the other events must not be lost with it
                self._lost += 1
                self._say_unexpected(error)
        self._room.set()
        return messages

    def _add_measures(self, messages: list[Message]) -> None:
        """Add the measures if it is time for them."""
        now_s = time.monotonic()
        if now_s - self._measured_s < self._period_s:
            return
        self._measured_s = now_s
        messages.append(self._maker.make("measures", datetime.now(timezone.utc), self._state.measures()))
        self._outbox.set_note(CONFIDENCE, self._state.long_confidence)
        if self._lost and not self._is_loss_known:
            self._is_loss_known = True
            self._warn(f"{self._lost} readings or faults never reached the outbox")

    def _say_unexpected(self, error: Exception) -> None:
        """Say a fault of the agent itself, once for each kind of error."""
        kind = type(error).__name__
        if kind not in self._errors:
            self._errors.add(kind)
            self._warn(f"a message could not be stored ({kind}: {error}); the agent has a fault: report it")
