"""Limits the agent's load on a hot board: fewer frames a second, then the cheapest net; and the way back.

A hot board lowers its clock, and then every frame is late. With fewer frames, each one is still read at full speed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from agent.capture.source import Frame
from agent.events import Vitals
from agent.sensors.throttling import UNDER_VOLTAGE, WEAK_SUPPLY, throttling_advice

STEP_S = 30.0
"""Shortest time between two steps, in seconds: the temperature reacts slowly to a step. Raising it reacts more slowly.
Chosen by trial."""
COOLER_C = 5.0
"""Distance below the limit at which a board has cooled down, in kelvin. Lowering it makes the steps oscillate. A guess
that was never measured."""
MAX_SAMPLE_AGE_S = 10.0
"""Age from which a sample is ignored, in seconds. Not tuned."""
REMIND_S = 600.0
"""Shortest time between two warnings about a weak power supply, in seconds. Not tuned."""


@dataclass(frozen=True)
class ThrottleStep:
    """One level of load."""

    frame_ms: float = 0.0
    """Shortest time from one frame to the next, in milliseconds; 0 is no limit."""
    cheapest_net: bool = False
    """Whether to use the cheapest of the accurate nets."""

    def __str__(self) -> str:
        if not self.frame_ms:
            return "full speed"
        net = ", with the cheapest net" if self.cheapest_net else ""
        return f"at most {1000 / self.frame_ms:.3g} frames a second{net}"


def steps(frame_ms: float) -> tuple[ThrottleStep, ...]:
    """Return the steps from full speed to the lowest load, for a board with a budget of `frame_ms` a frame."""
    slower = tuple(ThrottleStep(factor * frame_ms) for factor in (2, 4, 8))
    return ThrottleStep(), *slower, ThrottleStep(slower[-1].frame_ms, cheapest_net=True)


class Throttle:
    """Takes a step down while the board is hot, and a step up after it has cooled down.

    Args:
        slow_down_c: temperature from which the board is hot, in degrees Celsius.
        steps: levels of load, full speed first.
        set_power_saving: called with True to use the cheapest net, and with False to use the best net again.
        warn: called with a message for each step.
    """

    def __init__(
        self,
        slow_down_c: float,
        steps: tuple[ThrottleStep, ...],
        set_power_saving: Callable[[bool], None],
        warn: Callable[[str], None],
    ) -> None:
        self._slow_down_c, self._steps, self._set_power_saving, self._warn = slow_down_c, steps, set_power_saving, warn
        self._index = 0
        self._stepped_s = float("-inf")
        self._warned_s = float("-inf")

    @property
    def step(self) -> ThrottleStep:
        """Current level of load."""
        return self._steps[self._index]

    def pace(
        self,
        frames: Iterable[Frame | None],
        newest: Callable[[], Vitals | None],
        stop: threading.Event,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> Iterator[Frame | None]:
        """Give the frames no faster than the current step allows.

        Args:
            frames: frames; None is passed on.
            newest: returns the newest sample of the sensors.
            stop: ends a wait.
            clock_s: clock of the samples, in seconds.
        """
        for frame in frames:
            taken_s = clock_s()
            yield frame
            self.update(newest(), clock_s())
            rest_s = self.step.frame_ms / 1000 - (clock_s() - taken_s)
            if frame is not None and rest_s > 0:
                stop.wait(rest_s)

    def update(self, vitals: Vitals | None, now_s: float) -> None:
        """Change the step if the latest sample requires it. Without a recent sample, keep the current step."""
        if vitals is None or now_s - vitals.measured_ns / 1e9 > MAX_SAMPLE_AGE_S:
            return
        throttling = vitals.throttling or ()
        if UNDER_VOLTAGE in throttling:
            self._warn_of_weak_supply(now_s)
            throttling = ()  # the firmware then throttles because of the voltage, at any temperature
        heat_c = vitals.temperature_c
        if throttling:
            self._step(1, f"the board is throttled ({', '.join(throttling)}); {throttling_advice(throttling)}", now_s)
        elif heat_c is not None and heat_c >= self._slow_down_c:
            self._step(1, f"{heat_c:.0f} °C is hot", now_s)
        elif heat_c is None:
            self._step(-1, "the board is not throttled any more", now_s)
        elif heat_c <= self._slow_down_c - COOLER_C:
            self._step(-1, f"{heat_c:.0f} °C is cool enough", now_s)

    def _step(self, by: int, reason: str, now_s: float) -> None:
        """Take one step down (1) or up (-1), unless the previous one was a short time ago."""
        index = min(max(self._index + by, 0), len(self._steps) - 1)
        if index == self._index or now_s - self._stepped_s < STEP_S:
            return
        previous, self._index, self._stepped_s = self.step, index, now_s
        if self.step.cheapest_net != previous.cheapest_net:
            self._set_power_saving(self.step.cheapest_net)
        self._warn(f"{reason}: {self.step}")

    def _warn_of_weak_supply(self, now_s: float) -> None:
        if now_s - self._warned_s >= REMIND_S:
            self._warned_s = now_s
            self._warn(f"under-voltage: {WEAK_SUPPLY}")
