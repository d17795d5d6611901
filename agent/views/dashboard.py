"""The live dashboard: a sink that keeps what is new, and a thread that draws it a few times a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from rich.console import Console

from agent.capture.outage import Outage
from agent.events import FrameEvent, RunInfo
from agent.views.history import History, Snapshot
from agent.views.panels import dashboard
from agent.views.screen import Screen

PERIOD_S = 0.2
LARGEST_SHARE = 0.15
"""Of one core's time that drawing may take; a slow board draws less often."""
JOIN_S = 5.0


class Dashboard:
    """Takes the terminal over until it is closed. `take` only notes, so it needs no queue.

    Args:
        info: what runs now.
        console: a terminal.
        period_s: the shortest time between two drawings.
    """

    def __init__(self, info: Callable[[], RunInfo], console: Console, period_s: float = PERIOD_S) -> None:
        self._info, self._console, self._period_s = info, console, period_s
        self._lock = threading.Lock()
        self._history = History(time.monotonic_ns())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="dashboard", daemon=True)
        self._thread.start()

    def take(self, tick: FrameEvent) -> None:
        """Note what is new."""
        with self._lock:
            self._history.add(tick, datetime.now().astimezone())

    def say(self, text: str) -> None:
        """Show a line at the bottom."""
        with self._lock:
            self._history.note(text)

    def waiting(self, away: Outage) -> None:
        """Show that the camera is away."""
        with self._lock:
            self._history.waiting(away)

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._stop.set()
        self._thread.join(JOIN_S)

    def snapshot(self) -> Snapshot:
        """This moment."""
        with self._lock:
            return self._history.snapshot(time.monotonic_ns())

    def _work(self) -> None:
        with self._console.screen():
            screen = Screen(self._console)
            wait_s = 0.0
            while not self._stop.wait(wait_s):
                started_s = time.perf_counter()
                screen.paint(dashboard(self._info(), self.snapshot(), *self._console.size))
                took_s = time.perf_counter() - started_s
                wait_s = max(self._period_s - took_s, took_s / LARGEST_SHARE - took_s)
