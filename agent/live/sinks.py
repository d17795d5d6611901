"""Sinks: who hears of each tick, without ever holding up the loop."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from agent.events import FrameEvent

QUEUE_TICKS = 256
CLOSE_TIMEOUT_S = 10.0


class Sink(Protocol):
    """Who hears of each tick."""

    def take(self, tick: FrameEvent) -> None: ...

    def close(self) -> None:
        """Finish what was taken; called once."""
        ...


class Queued:
    """Runs a sink that may be slow on a thread of its own, behind a bounded queue.

    When the queue is full, a tick of a live source is dropped and counted; a finite source waits instead, so that
    nothing of it is lost. Waiting ticks carry no pixels: a full queue must not fill a board's memory.

    Args:
        sink: called on the thread only, `close` included.
        name: for messages.
        wait: whether `take` waits for room.
        size: ticks that may wait.
    """

    def __init__(self, sink: Sink, name: str, *, wait: bool = False, size: int = QUEUE_TICKS) -> None:
        self.name = name
        self.dropped = 0
        self._error: Exception | None = None
        self._sink = sink
        self._wait = wait
        self._queue: queue.Queue[FrameEvent | None] = queue.Queue(size)
        self._thread = threading.Thread(target=self._work, name=f"sink-{name}", daemon=True)
        self._thread.start()

    def take(self, tick: FrameEvent) -> None:
        """Queue a tick.

        Raises:
            Exception: what the sink raised before; it takes nothing any more.
        """
        light = replace(tick, image=None)
        while True:
            self._raise_error()
            try:
                return self._queue.put(light, block=self._wait, timeout=0.5)
            except queue.Full:
                if not self._wait:
                    self.dropped += 1
                    return None

    def close(self) -> None:
        """Let the sink finish what waits, at most ten seconds each, and close it.

        Raises:
            Exception: what the sink raised, where `take` did not raise it before.
        """
        with suppress(queue.Full):
            self._queue.put(None, block=self._thread.is_alive(), timeout=CLOSE_TIMEOUT_S)
        self._thread.join(CLOSE_TIMEOUT_S)
        self._raise_error()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _work(self) -> None:
        try:
            while (tick := self._queue.get()) is not None:
                self._sink.take(tick)
            self._sink.close()
        except Exception as error:  # noqa: BLE001 - handed to the loop's thread, which raises it
            self._error = error
