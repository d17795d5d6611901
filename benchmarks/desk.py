"""A desk with numbers on it under a camera that fails at random, in a time that is played."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.frame import Frame
from agent.capture.pen import draw_digit, invent_hand
from agent.capture.source import Source
from profiles.errors import SourceError

SIZE_PX = (160, 120)
FRAME_S = 1 / 30
SHOWN_S = 10.0
"""A number is in view for so long."""
FAULTS = ("frozen", "hangs", "unplugged", "ended", "grey")
FAULT_EVERY = 500
"""Frames from one fault to the next, on average."""
HANG_S = 60.0
"""Of the real clock; long before that another camera is opened, and with it a read that hangs comes back."""
LATE_S = 0.01
"""Of the real clock: a frame comes even where the played time rests."""


class Clock:
    """Seconds that somebody spends."""

    def __init__(self) -> None:
        self._now_s, self._lock = 0.0, threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            return self._now_s

    def ns(self) -> int:
        return int(self() * 1e9)

    def spend(self, seconds: float) -> None:
        with self._lock:
            self._now_s += seconds


class Stop(threading.Event):
    """Waits by the clock that is played."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.spend(timeout or 0.0)
        return self.is_set()


class Desk:
    """Numbers under a camera that breaks at random; what is opened next is whole again."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock, self.faults, self.fault = clock, Counter[str](), ""
        self.mended = threading.Event()
        self._random, self._refusals = random.Random(seed), 0  # noqa: S311 - chance, no secret
        rng = np.random.default_rng(seed)
        self._sheets = [draw_sheet(rng) for _ in range(40)]
        self._noise = rng.integers(0, 5, (50, SIZE_PX[1], SIZE_PX[0], 3), dtype=np.uint8)

    def open(self) -> Source:
        """Another camera, unless it is not there yet; what hangs comes back."""
        self.mended.set()
        self.fault = ""
        if self._refusals:
            self._refusals -= 1
            raise SourceError("no camera on the desk; plug it in")
        self.mended = threading.Event()
        return DeskCamera(self)

    def wear(self) -> None:
        """Break now and then."""
        if not self.fault and self._random.random() < 1 / FAULT_EVERY:
            self.fault, self._refusals = self._random.choice(FAULTS), self._random.randrange(4)
            self.faults[self.fault] += 1

    def picture(self, number: int) -> NDArray[np.uint8]:
        """What the camera sees, BGR uint8, with its noise."""
        sheet = self._sheets[int(self.clock() / SHOWN_S) % len(self._sheets)]
        return np.asarray(cv2.add(sheet, self._noise[number % len(self._noise)]), np.uint8)


class DeskCamera(Source):
    """Gives thirty frames a second of the played time, until the desk has it break."""

    title, live = "desk camera", True

    def __init__(self, desk: Desk) -> None:
        self._desk, self._number, self._mended = desk, -1, desk.mended
        self._last, self._due_s = desk.picture(0), desk.clock()

    def read(self) -> Frame | None:
        late_s = time.monotonic() + LATE_S
        while self._desk.clock() < self._due_s and time.monotonic() < late_s:
            time.sleep(0.0001)
        self._due_s = self._desk.clock() + FRAME_S
        self._desk.wear()
        match self._desk.fault:
            case "hangs":
                self._mended.wait(HANG_S)
            case "unplugged":
                raise SourceError("desk camera was unplugged")
            case "ended":
                return None
            case "grey":
                return self._frame(self._last[..., 0])
            case "":
                self._last = self._desk.picture(self._number)
        return self._frame(self._last)

    def _frame(self, image: NDArray[np.uint8]) -> Frame:
        self._number += 1
        return Frame(image, self._desk.clock.ns(), self._number, "desk")

    def close(self) -> None:
        """Nothing is held open."""


def draw_sheet(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A number of three digits on paper, BGR uint8."""
    image = np.full((SIZE_PX[1], SIZE_PX[0], 3), 220, np.uint8)
    hand = invent_hand(rng)
    for place, digit in enumerate(rng.integers(0, 10, 3).tolist()):
        ink = draw_digit(rng, digit, 36, hand)
        h, w = ink.shape[:2]
        x, y = 32 + 30 * place, 40
        image[y : y + h, x : x + w] -= (ink * 0.7).astype(np.uint8)[..., None]
    return image
