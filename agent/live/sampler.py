"""Samples power and temperature once a second on a thread, so that no frame waits for a sensor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent.events import Vitals
from agent.sensors.load import Load, LoadReader
from agent.sensors.power_sample import PowerReader
from agent.sensors.thermal import temperature_c
from agent.sensors.throttling import ThrottlingReader
from profiles.profile import Sensors

PERIOD_S = 1.0
"""Time between two samples, in seconds. Raising it makes the energy less precise. A guess that was never measured."""


class Sampler:
    """Keeps the newest sample of the sensors.

    Args:
        measure: reads the sensors once.
        period_s: time between two samples, in seconds.
    """

    def __init__(self, measure: Callable[[], Vitals], period_s: float = PERIOD_S) -> None:
        self._measure = measure
        self._period_s = period_s
        self._newest: Vitals | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sampler", daemon=True)
        self._thread.start()

    def newest(self) -> Vitals | None:
        """Return the newest sample without waiting; None before the first."""
        return self._newest

    def close(self) -> None:
        """End the thread; wait at most one period for it, because a sensor may hang."""
        self._stop.set()
        self._thread.join(self._period_s)

    def _work(self) -> None:
        while not self._stop.is_set():
            self._newest = self._measure()
            self._stop.wait(self._period_s)


def measure_vitals(
    sensors: Sensors,
    power: PowerReader | None,
    throttling: ThrottlingReader | None = None,
    *,
    load: LoadReader | None = None,
    root: Path = Path("/"),
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> Vitals:
    """Read a board's sensors once.

    Args:
        sensors: sensors in the board's profile.
        power: power reader; None if the board has no power sensor.
        throttling: reader of the reasons for throttling; None if the board cannot be asked.
        load: reader of the machine's load; None measures none.
        root: folder that contains `sys`.
        clock_ns: time of the sample if there is no power reader, in nanoseconds.
    """
    sample = power.read() if power is not None else None
    state = throttling() if throttling is not None else None
    return Vitals(
        measured_ns=sample.taken_ns if sample is not None else clock_ns(),
        power_mw=sample.power_mw if sample is not None else None,
        temperature_c=temperature_c(sensors.temperature_zones, root),
        throttling=state.now if state is not None else None,
        load=load() if load is not None else Load(),
    )
