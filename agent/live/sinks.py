"""Sinks: receivers of a run's events. No sink may block the loop.

This module has the protocol and the queue. The sinks are defined where their output is made: the log in
`agent.telemetry.sink`, the health file in `agent.live.health`, notifications to systemd in `agent.live.heartbeat`, and
the output on the terminal in `agent.views` (`lines`, `dashboard`, `screenshot`). `agent.run` creates them.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Protocol

from agent.events import Event, FrameEvent

QUEUE_EVENTS = 256
"""Frame events that may wait in a queue; a larger queue loses fewer of them and takes more memory. Not tuned."""
CLOSE_TIMEOUT_S = 10.0
"""Longest wait for room for the end mark in a queue, in seconds, and longest wait for the sink to finish after it. Not
tuned."""
STOP_TIMEOUT_S = 2.0
"""The same waits when a signal has asked for the end: the output may be a pipe that nobody reads. Not tuned."""


class Sink(Protocol):
    """Receiver of a run's events. It ignores the types of events that do not concern it."""

    def take(self, event: Event) -> None:
        """Receive an event. The loop's thread sends frame and outage events; a fault event may come from any thread."""
        ...

    def close(self) -> None:
        """Finish the events received so far. Called once; fault events may still come after it."""
        ...


class QueuedSink:
    """Runs a sink that may be slow on a thread of its own, behind a bounded queue of frame events.

    If the queue is full, the frame event of a live source is dropped and counted; a finite source waits instead, so
    that nothing is lost. Waiting events carry no pixels, because a full queue of them would fill a board's memory.
    Events of other types are not passed on.

    Args:
        sink: called on the thread only, `close` included.
        name: name for messages.
        wait: whether `take` waits for room in the queue.
        size: frame events that may wait.
        stop: once it is set, `take` does not wait, and `close` waits for a short time only.
    """

    def __init__(
        self,
        sink: Sink,
        name: str,
        *,
        wait: bool = False,
        size: int = QUEUE_EVENTS,
        stop: threading.Event | None = None,
    ) -> None:
        self.name = name
        self.dropped = 0
        self._error: Exception | None = None
        self._sink = sink
        self._wait = wait
        self._stop = stop or threading.Event()
        self._queue: queue.Queue[FrameEvent | None] = queue.Queue(size)
        self._thread = threading.Thread(target=self._work, name=f"sink-{name}", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Queue a frame event.

        Raises:
            Exception: the error that the sink raised before; it receives nothing any more.
        """
        if not isinstance(event, FrameEvent):
            return None
        without_pixels = replace(event, image=None)
        while True:
            self._raise_error()
            try:
                return self._queue.put(without_pixels, block=self._wait, timeout=0.5)
            except queue.Full:
                if not self._wait or self._stop.is_set():
                    self.dropped += 1
                    return None

    def close(self) -> None:
        """Let the sink finish the waiting events and close it, within `CLOSE_TIMEOUT_S` or `STOP_TIMEOUT_S`.

        Raises:
            Exception: the error that the sink raised, unless `take` has raised it already.
        """
        timeout_s = STOP_TIMEOUT_S if self._stop.is_set() else CLOSE_TIMEOUT_S
        with suppress(queue.Full):
            self._queue.put(None, block=self._thread.is_alive(), timeout=timeout_s)
        self._thread.join(timeout_s)
        self._raise_error()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _work(self) -> None:
        try:
            while (event := self._queue.get()) is not None:
                self._sink.take(event)
            self._sink.close()
        except Exception as error:  # noqa: BLE001 - handed to the loop's thread, which raises it
            self._error = error


@contextmanager
def capture_warnings(listeners: Iterable[Callable[[str], object]]) -> Iterator[None]:
    """Pass the message of each warning of the agent's loggers to the listeners, on the thread that warns."""
    logger, handler = logging.getLogger("agent"), _WarningHandler(listeners)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _WarningHandler(logging.Handler):
    def __init__(self, listeners: Iterable[Callable[[str], object]]) -> None:
        super().__init__(logging.WARNING)
        self._listeners = listeners

    def emit(self, record: logging.LogRecord) -> None:
        for listener in self._listeners:
            listener(record.getMessage())
