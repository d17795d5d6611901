"""The live dashboard: a sink that records events, and a thread that draws them a few times per second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from rich.console import Console

from agent.events import Event, RunInfo
from agent.views.history import History, Snapshot
from agent.views.panels import dashboard
from agent.views.screen import Screen

PERIOD_S = 0.2
"""Shortest time between the starts of two drawings, in seconds."""
MAX_DRAWING_SHARE = 0.15
"""Maximum share of one core's time that drawing may use; a slow board draws less often."""
JOIN_S = 5.0
"""Time to wait for the drawing thread to end, in seconds."""


class Dashboard:
    """Shows a run on the whole terminal until it is closed.

    `take` only records the event and returns immediately, so the sink needs no queue.

    Args:
        info: returns the current description of the run.
        console: a terminal.
        period_s: shortest time between two drawings, in seconds.
    """

    def __init__(self, info: Callable[[], RunInfo], console: Console, period_s: float = PERIOD_S) -> None:
        self._info, self._console, self._period_s = info, console, period_s
        self._lock = threading.Lock()
        self._history = History(time.monotonic_ns())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._draw_until_stopped, name="dashboard", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Record an event; any thread may call this."""
        with self._lock:
            self._history.add(event, datetime.now().astimezone())

    def close(self) -> None:
        """Stop drawing and restore the terminal."""
        self._stop.set()
        self._thread.join(JOIN_S)

    def snapshot(self) -> Snapshot:
        """Return the current state of the run."""
        with self._lock:
            return self._history.snapshot(time.monotonic_ns())

    def _draw_until_stopped(self) -> None:
        with self._console.screen():
            screen = Screen(self._console)
            wait_s = 0.0
            while not self._stop.wait(wait_s):
                started_s = time.perf_counter()
                screen.paint(dashboard(self._info(), self.snapshot(), *self._console.size))
                took_s = time.perf_counter() - started_s
                wait_s = max(self._period_s - took_s, took_s / MAX_DRAWING_SHARE - took_s)
