"""A simulated camera that shows numbers and fails at random, on a simulated clock."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.source import Frame, Source
from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import subtract_ink
from profiles.errors import SourceError

SIZE_PX = (160, 120)
"""Width and height of a frame."""
FRAME_S = 1 / 30
"""Simulated time per frame."""
NUMBER_S = 10.0
"""Simulated time for which each number is in view."""
FAULTS = ("frozen", "hangs", "unplugged", "ended", "grey")
"""Kinds of faults: the same image again, a read that hangs, an error, the end of the stream, a grey image."""
FRAMES_PER_FAULT = 500
"""Mean number of frames between two faults."""
HANG_S = 60.0
"""Longest real time of a read that hangs. It returns earlier, when another camera is opened."""
MAX_READ_WAIT_S = 0.01
"""Longest real time that a read waits for the simulated clock, so that frames come even if the clock stands still."""


class SimulatedClock:
    """A thread-safe clock that advances only by calls of `advance`."""

    def __init__(self) -> None:
        self._now_s, self._lock = 0.0, threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            return self._now_s

    def ns(self) -> int:
        return int(self() * 1e9)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now_s += seconds


class SimulatedStop(threading.Event):
    """A stop event whose `wait` advances the simulated clock and returns at once."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance(timeout or 0.0)
        return self.is_set()


class FaultInjector:
    """Opens simulated cameras and makes them fail at random. Opening a camera again ends its fault.

    Args:
        clock: the simulated clock.
        seed: seed of the faults, the numbers and the noise.
    """

    def __init__(self, clock: SimulatedClock, seed: int) -> None:
        self.clock, self.faults, self.fault = clock, Counter[str](), ""
        self.repaired = threading.Event()
        self._random, self._refusals = random.Random(seed), 0  # noqa: S311 - not for cryptography
        rng = np.random.default_rng(seed)
        self._images = [draw_number(rng) for _ in range(40)]
        self._noise = rng.integers(0, 5, (50, SIZE_PX[1], SIZE_PX[0], 3), dtype=np.uint8)

    def open(self) -> Source:
        """Return a new camera; a read of an earlier camera that hangs returns.

        Raises:
            SourceError: the camera is still unplugged.
        """
        self.repaired.set()
        self.fault = ""
        if self._refusals:
            self._refusals -= 1
            raise SourceError("the simulated camera is not connected")
        self.repaired = threading.Event()
        return FaultyCamera(self)

    def inject_fault(self) -> None:
        """Start a random fault with probability 1 / `FRAMES_PER_FAULT`, if there is none."""
        if not self.fault and self._random.random() < 1 / FRAMES_PER_FAULT:
            self.fault, self._refusals = self._random.choice(FAULTS), self._random.randrange(4)
            self.faults[self.fault] += 1

    def image(self, number: int) -> NDArray[np.uint8]:
        """Return the image of a frame with noise, BGR uint8 (h, w, 3)."""
        image = self._images[int(self.clock() / NUMBER_S) % len(self._images)]
        return np.asarray(cv2.add(image, self._noise[number % len(self._noise)]), np.uint8)


class FaultyCamera(Source):
    """A camera of 30 frames per simulated second, with the faults of its injector."""

    title, live = "desk camera", True

    def __init__(self, injector: FaultInjector) -> None:
        self._injector, self._number, self._repaired = injector, -1, injector.repaired
        self._last, self._due_s = injector.image(0), injector.clock()

    def read(self) -> Frame | None:
        deadline_s = time.monotonic() + MAX_READ_WAIT_S
        while self._injector.clock() < self._due_s and time.monotonic() < deadline_s:
            time.sleep(0.0001)
        self._due_s = self._injector.clock() + FRAME_S
        self._injector.inject_fault()
        match self._injector.fault:
            case "hangs":
                self._repaired.wait(HANG_S)
            case "unplugged":
                raise SourceError("desk camera was unplugged")
            case "ended":
                return None
            case "grey":
                return self._frame(self._last[..., 0])
            case "":
                self._last = self._injector.image(self._number)
        return self._frame(self._last)

    def _frame(self, image: NDArray[np.uint8]) -> Frame:
        self._number += 1
        return Frame(image, self._injector.clock.ns(), self._number, "desk")

    def close(self) -> None:
        """Nothing is held open."""


def draw_number(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a number of three digits on paper, BGR uint8 (h, w, 3)."""
    image = np.full((SIZE_PX[1], SIZE_PX[0], 3), 220, np.uint8)
    handwriting = random_handwriting(rng)
    for place, digit in enumerate(rng.integers(0, 10, 3).tolist()):
        ink = draw_digit(rng, digit, 36, handwriting)
        subtract_ink(image, ink, 32 + 30 * place, 40)
    return image
