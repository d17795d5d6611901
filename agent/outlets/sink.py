"""The sink that makes messages of a run's events and puts them into the outbox. A slow disk does not delay the run."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from agent.events import Event, FaultEvent, FrameEvent
from agent.outlets.message import Message, MessageMaker
from agent.outlets.outbox import Outbox
from agent.outlets.outlet import Outlet
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
        warn: called once if messages are lost because the disk is too slow.
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
        wait: bool = False,
        period_s: float = PERIOD_S,
    ) -> None:
        self._outbox, self.outlets, self._state, self._maker, self._warn = outbox, outlets, state, maker, warn
        self._wait, self._period_s = wait, period_s
        self._events: deque[tuple[FrameEvent | FaultEvent, datetime]] = deque()
        self._wake, self._ended, self._room = threading.Event(), threading.Event(), threading.Event()
        self.lost = 0
        """Events that were lost because the disk was too slow."""
        self._measured_s, self._is_loss_known, self._is_storing = time.monotonic(), False, False
        for outlet in outlets:
            outlet.start()
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Take an event; a fault may come from any thread."""
        self._state.take(event)
        if isinstance(event, FaultEvent):
            self._add(event)
        elif isinstance(event, FrameEvent) and (event.announced or event.records):
            while self._wait and len(self._events) >= MAX_EVENTS and self._thread.is_alive():
                self._room.clear()
                self._room.wait(0.5)
            self._add(replace(event, image=None))

    @property
    def dropped(self) -> int:
        """Messages that were dropped because too many waited."""
        return self._outbox.dropped

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
            self.lost += 1
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
        """Put everything that waits into the outbox, with measures if it is time for them."""
        messages = list[Message]()
        self._is_storing = True
        while self._events:
            event, at = self._events.popleft()
            if isinstance(event, FrameEvent):
                messages += self._maker.of_frame(event, at)
            else:
                messages.append(self._maker.make("fault", at, {"text": event.text}))
        self._room.set()
        now_s = time.monotonic()
        if now_s - self._measured_s >= self._period_s:
            self._measured_s = now_s
            messages.append(self._maker.make("measures", datetime.now(timezone.utc), self._state.measures()))
            self._outbox.set_note(CONFIDENCE, self._state.long_confidence)
            if self.lost and not self._is_loss_known:
                self._is_loss_known = True
                self._warn(f"{self.lost} readings or faults never reached the outbox, whose disk is too slow")
        if messages:
            self._outbox.put(messages)
        self._is_storing = False
        self._outbox.save()
        for outlet in self.outlets:
            outlet.wake()
