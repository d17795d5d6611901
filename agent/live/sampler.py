"""Samples power and temperature once a second on a thread, so that no frame waits for a sensor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent.events import Vitals
from agent.sensors.sample import PowerReader
from agent.sensors.thermal import temperature_c
from agent.sensors.throttling import ThrottlingReader
from profiles.profile import Sensors

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


def measure_vitals(
    sensors: Sensors,
    power: PowerReader | None,
    throttling: ThrottlingReader | None = None,
    root: Path = Path("/"),
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> Vitals:
    """Read a board's sensors once.

    Args:
        sensors: the profile's.
        power: the board's power reader, where it has one.
        throttling: asks what holds the board back, where it can be asked.
        root: the folder in which `sys` is looked up.
        clock_ns: stamps the sample where there is no power reader to do it.
    """
    sample = power.read() if power is not None else None
    held = throttling() if throttling is not None else None
    return Vitals(
        measured_ns=sample.taken_ns if sample is not None else clock_ns(),
        power_mw=sample.power_mw if sample is not None else None,
        temperature_c=temperature_c(sensors.temperature_zones, root),
        throttling=held.now if held is not None else None,
    )
