"""Samples power and temperature once a second on a thread, so that no frame waits for a sensor."""

from __future__ import annotations

import threading
from collections.abc import Callable

from agent.tick import Vitals

PERIOD_S = 1.0


class Sampler:
    """Keeps the newest sample.

    Args:
        measure: reads the sensors; a value that cannot be had is None in its answer.
        period_s: time between samples.
    """

    def __init__(self, measure: Callable[[], Vitals], period_s: float = PERIOD_S) -> None:
        self._measure = measure
        self._period_s = period_s
        self._newest: Vitals | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sampler", daemon=True)
        self._thread.start()

    def newest(self) -> Vitals | None:
        """The newest sample; None before the first."""
        return self._newest

    def close(self) -> None:
        """Ask the thread to end; a sensor that hangs keeps nobody waiting."""
        self._stop.set()
        self._thread.join(self._period_s)

    def _work(self) -> None:
        while not self._stop.is_set():
            self._newest = self._measure()
            self._stop.wait(self._period_s)
