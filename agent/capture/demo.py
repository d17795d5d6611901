"""The demo: a camera held over sheets of handwritten numbers, whose truth is known in every frame."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.frame import Frame, TrueDigit
from agent.capture.paper import RULINGS, Sheet, write_sheet
from agent.capture.source import Source
from agent.capture.uri import DemoSpec
from agent.vision.box import Box

FRAME_PX = (640, 480)
NS_PER_S = 1_000_000_000


class Demo(Source):
    """Frames of three sheets, one after the other, under a camera that is never quite still.

    The same seed gives the same frames, pixel by pixel. It is a finite source: every frame is delivered.

    Args:
        spec: Seed, number of frames, and the frame rate, where it is to be paced.
        clock: Gives nanoseconds.
        sleep: Waits for seconds.
    """

    live = False

    def __init__(
        self,
        spec: DemoSpec,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.title = f"demo, seed {spec.seed}"
        self._spec = spec
        self._clock = clock
        self._sleep = sleep
        self._number = 0
        self._started_ns = clock()
        self._camera = Camera(np.random.default_rng(spec.seed))
        self._sheets_turned = 0
        self._sheet = self._turn()

    def read(self) -> Frame | None:
        number = self._number
        if number >= self._spec.frames:
            return None
        self._number += 1
        if number * len(RULINGS) // self._spec.frames >= self._sheets_turned:
            self._sheet = self._turn()
        image, truth = self._camera.look_at(self._sheet, number)
        if self._spec.fps:
            due_ns = self._started_ns + int(number * NS_PER_S / self._spec.fps)
            self._sleep(max(0, due_ns - self._clock()) / NS_PER_S)
        return Frame(image, self._clock(), number, self._spec.uri, truth)

    def close(self) -> None:
        self._number = self._spec.frames

    def _turn(self) -> Sheet:
        rng = np.random.default_rng((self._spec.seed, self._sheets_turned))
        sheet = write_sheet(rng, RULINGS[(self._spec.seed + self._sheets_turned) % len(RULINGS)])
        self._sheets_turned += 1
        return sheet


class Camera:
    """A cheap camera in a hand that sways: it pans, turns, tilts, breathes in exposure, blurs and is noisy."""

    def __init__(self, rng: np.random.Generator) -> None:
        w, h = FRAME_PX
        self._phases = rng.uniform(0, 2 * math.pi, 6)
        self._rng = rng
        self._noise = rng.normal(0, 3.5, (h + 64, w + 64, 3)).astype(np.int8)
        y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
        self._vignette = np.repeat((250 - 28 * (x * x + y * y))[..., None], 3, axis=2).astype(np.uint8)

    def look_at(self, sheet: Sheet, number: int) -> tuple[NDArray[np.uint8], tuple[TrueDigit, ...]]:
        """The frame of this number, BGR uint8 (480, 640, 3), and the digits wholly inside it, in reading order."""
        view = self._view(sheet, number)
        exposure = 1 + 0.06 * math.sin(number / 11 + self._phases[5])
        image = cv2.warpPerspective(sheet.image, view, FRAME_PX, borderMode=cv2.BORDER_REPLICATE)
        image = cv2.GaussianBlur(image, (3, 3), 0.7)
        image = cv2.multiply(image, self._vignette, scale=exposure / 235)
        left, top = self._rng.integers(0, 64, 2)
        noise = self._noise[top : top + FRAME_PX[1], left : left + FRAME_PX[0]]
        return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8), true_digits(sheet, view)

    def _view(self, sheet: Sheet, number: int) -> NDArray[np.float64]:
        """The homography from the sheet's pixels to the frame's."""
        sway = np.sin(number / np.array((23, 17, 29, 19, 13)) + self._phases[:5])
        h, w = sheet.image.shape[:2]
        zoom = 0.545 + 0.025 * sway[0]
        angle = 0.035 * sway[1]
        cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
        from_centre = np.array([[1, 0, -w / 2 - 22 * sway[2]], [0, 1, -h / 2 - 18 * sway[3]], [0, 0, 1]])
        turned = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        tilted = np.array([[1, 0, 0], [0, 1, 0], [7e-5 * sway[4], 1e-4 * sway[1], 1]])
        to_frame = np.array([[1, 0, FRAME_PX[0] / 2], [0, 1, FRAME_PX[1] / 2], [0, 0, 1]])
        return np.asarray(to_frame @ tilted @ turned @ from_centre, np.float64)


def true_digits(sheet: Sheet, view: NDArray[np.float64]) -> tuple[TrueDigit, ...]:
    """The digits of a sheet that a frame shows whole, their boxes tight around the ink.

    A homography maps the convex hull of the ink to the convex hull of what is seen, so its corners suffice.
    """
    starts = np.cumsum([0, *(len(written.outline) for written in sheet.digits[:-1])])
    outlines = np.concatenate([written.outline for written in sheet.digits])
    seen = cv2.perspectiveTransform(outlines[:, None], view)[:, 0] + 0.5  # pixel i spans i to i + 1
    low = np.floor(np.minimum.reduceat(seen, starts)).astype(int)
    high = np.ceil(np.maximum.reduceat(seen, starts)).astype(int)
    inside = np.all((low >= 0) & (high <= FRAME_PX), axis=1).tolist()
    return tuple(
        TrueDigit(written.digit, Box(int(x), int(y), int(right - x), int(bottom - y)))
        for written, (x, y), (right, bottom), whole in zip(sheet.digits, low, high, inside, strict=True)
        if whole
    )
