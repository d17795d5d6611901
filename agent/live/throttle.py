"""Before the board slows itself down the agent does: fewer frames a second, then the cheapest net; later back again.

A hot board lowers its clock, and every frame comes late. Who takes fewer frames reads each of them as fast as ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from agent.capture.frame import Frame
from agent.events import Vitals
from agent.sensors.throttling import UNDER_VOLTAGE, WEAK_SUPPLY, advice

STEP_S = 30.0
"""What a step does shows in the temperature only after a while."""
COOLER_C = 5.0
"""So much below the limit a board has cooled down; less, and it would go up and down between two steps."""
FRESH_S = 10.0
"""An older sample says nothing of now."""
REMIND_S = 600.0
"""A supply that is weak now and then is told no more often."""


@dataclass(frozen=True)
class Step:
    """How the agent works."""

    frame_ms: float = 0.0
    """The least time from one frame to the next; 0 takes them as they come."""
    thrifty: bool = False
    """With the cheapest net of those that are good enough."""

    def __str__(self) -> str:
        if not self.frame_ms:
            return "full speed"
        net = ", with the cheapest net" if self.thrifty else ""
        return f"at most {1000 / self.frame_ms:.3g} frames a second{net}"


def steps(frame_ms: float) -> tuple[Step, ...]:
    """From full speed to the least, for a board whose budget is `frame_ms` a frame."""
    slower = tuple(Step(factor * frame_ms) for factor in (2, 4, 8))
    return Step(), *slower, Step(slower[-1].frame_ms, thrifty=True)


class Throttle:
    """Goes down the steps while the board is hot, and up again when it has cooled.

    Args:
        slow_down_c: from here on the board is hot.
        steps: full speed first.
        spare: told whether to work with the cheapest net, when that changes.
        say: told of each step and why, in words.
    """

    def __init__(
        self, slow_down_c: float, steps: tuple[Step, ...], spare: Callable[[bool], None], say: Callable[[str], None]
    ) -> None:
        self._slow_down_c, self._steps, self._spare, self._say = slow_down_c, steps, spare, say
        self._at = 0
        self._settled_s = float("-inf")
        self._warned_s = float("-inf")

    @property
    def step(self) -> Step:
        """How to work now."""
        return self._steps[self._at]

    def pace(
        self,
        frames: Iterable[Frame | None],
        newest: Callable[[], Vitals | None],
        stop: threading.Event,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> Iterator[Frame | None]:
        """The frames, no faster than the step allows.

        Args:
            frames: None is a chance to stop.
            newest: the newest sample of the sensors.
            stop: ends a wait.
            clock_s: the clock of the samples, in seconds.
        """
        for frame in frames:
            taken_s = clock_s()
            yield frame
            self.look(newest(), clock_s())
            rest_s = self.step.frame_ms / 1000 - (clock_s() - taken_s)
            if frame is not None and rest_s > 0:
                stop.wait(rest_s)

    def look(self, vitals: Vitals | None, now_s: float) -> None:
        """Take a step where a sample asks for it; without a fresh sample stay."""
        if vitals is None or now_s - vitals.measured_ns / 1e9 > FRESH_S:
            return
        held = vitals.throttling or ()
        if UNDER_VOLTAGE in held:
            self._warn(now_s)
            held = ()  # the firmware throttles for want of voltage then, at any temperature
        heat_c = vitals.temperature_c
        if held or (heat_c is not None and heat_c >= self._slow_down_c):
            why = f"the board is held back ({', '.join(held)}); {advice(held)}" if held else f"{heat_c:.0f} °C is hot"
            self._go(1, why, now_s)
        elif heat_c is None or heat_c <= self._slow_down_c - COOLER_C:
            self._go(-1, "the board is free again" if heat_c is None else f"{heat_c:.0f} °C is cool enough", now_s)

    def _go(self, by: int, why: str, now_s: float) -> None:
        """One step down (1) or up (-1), once the one before has shown what it does."""
        to = min(max(self._at + by, 0), len(self._steps) - 1)
        if to == self._at or now_s - self._settled_s < STEP_S:
            return
        before, self._at, self._settled_s = self.step, to, now_s
        if self.step.thrifty != before.thrifty:
            self._spare(self.step.thrifty)
        self._say(f"{why}: {self.step}")

    def _warn(self, now_s: float) -> None:
        if now_s - self._warned_s >= REMIND_S:
            self._warned_s = now_s
            self._say(f"under-voltage: {WEAK_SUPPLY}")
