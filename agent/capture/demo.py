"""The demo source: a camera held over sheets of handwritten numbers, with the true digits of every frame."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.source import Frame, Source, TrueDigit
from agent.capture.uri import DemoSpec
from agent.drawing.paper import RULINGS, Sheet, write_sheet
from agent.drawing.viewpoint import sheet_to_frame
from agent.vision.box import Box

FRAME_PX = (640, 480)
"""Width and height of the demo's frames."""
NS_PER_S = 1_000_000_000
FRAMES_PER_S = 20.0
"""Frame rate of the demo's recording, if none is given. Raising it shows each sheet for a shorter time."""
MIN_SHEET_S = 1.5
"""Shortest time for which a sheet is shown in the recording; a demo of few frames has a lower rate. Numbers must stay
for a second to be announced."""


class DemoSource(Source):
    """Frames of three sheets, one after the other, under a camera that is never quite still.

    The same seed gives the same frames, pixel by pixel. The source is finite, and no frame is dropped.

    Args:
        spec: seed, number of frames, and the frame rate if frames are to come in real time.
        clock: returns the time in nanoseconds.
        sleep: waits for a number of seconds.
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
        self._frames_per_s = spec.fps or min(FRAMES_PER_S, spec.frames / (MIN_SHEET_S * len(RULINGS)))
        self._next_number = 0
        self._started_ns = clock()
        self._camera = SimulatedCamera(np.random.default_rng(spec.seed))
        self._sheets_written = 0
        self._sheet = self._next_sheet()

    def read(self) -> Frame | None:
        number = self._next_number
        if number >= self._spec.frames:
            return None
        self._next_number += 1
        if number * len(RULINGS) // self._spec.frames >= self._sheets_written:
            self._sheet = self._next_sheet()
        image, truth = self._camera.photograph(self._sheet, number)
        if self._spec.fps:
            due_ns = self._started_ns + int(number * NS_PER_S / self._spec.fps)
            self._sleep(max(0, due_ns - self._clock()) / NS_PER_S)
        return Frame(image, self._clock(), number, self._spec.uri, number / self._frames_per_s, truth)

    def close(self) -> None:
        self._next_number = self._spec.frames

    def _next_sheet(self) -> Sheet:
        rng = np.random.default_rng((self._spec.seed, self._sheets_written))
        sheet = write_sheet(rng, RULINGS[(self._spec.seed + self._sheets_written) % len(RULINGS)])
        self._sheets_written += 1
        return sheet


class SimulatedCamera:
    """A cheap hand-held camera: it moves, rotates and tilts, its exposure varies, and its images are soft and noisy."""

    def __init__(self, rng: np.random.Generator) -> None:
        w, h = FRAME_PX
        self._phases = rng.uniform(0, 2 * math.pi, 6)
        self._rng = rng
        self._noise = rng.normal(0, 3.5, (h + 64, w + 64, 3)).astype(np.int8)
        y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
        self._vignette = np.repeat((250 - 28 * (x * x + y * y))[..., None], 3, axis=2).astype(np.uint8)

    def photograph(self, sheet: Sheet, number: int) -> tuple[NDArray[np.uint8], tuple[TrueDigit, ...]]:
        """Return the frame of a number, BGR uint8 (480, 640, 3), and the digits that lie in it completely."""
        homography = self._homography(sheet, number)
        exposure = 1 + 0.06 * math.sin(number / 11 + self._phases[5])
        image = cv2.warpPerspective(sheet.image, homography, FRAME_PX, borderMode=cv2.BORDER_REPLICATE)
        image = cv2.GaussianBlur(image, (3, 3), 0.7)
        image = cv2.multiply(image, self._vignette, scale=exposure / 235)
        left, top = self._rng.integers(0, 64, 2)
        noise = self._noise[top : top + FRAME_PX[1], left : left + FRAME_PX[0]]
        return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8), true_digits(sheet, homography)

    def _homography(self, sheet: Sheet, number: int) -> NDArray[np.float64]:
        """Return the mapping from pixels of the sheet to pixels of the frame with this number."""
        sway = np.sin(number / np.array((23, 17, 29, 19, 13)) + self._phases[:5])
        h, w = sheet.image.shape[:2]
        return sheet_to_frame(
            (w, h),
            FRAME_PX,
            zoom=0.545 + 0.025 * sway[0],
            angle_rad=0.035 * sway[1],
            tilt=(7e-5 * sway[4], 1e-4 * sway[1]),
            sheet_offset_px=(22 * sway[2], 18 * sway[3]),
        )


def true_digits(sheet: Sheet, homography: NDArray[np.float64]) -> tuple[TrueDigit, ...]:
    """Return the digits of a sheet that lie in the frame completely, with boxes tight around their ink.

    A homography maps the convex hull of the ink to the convex hull of its image, so the corners of the hull are enough.

    Args:
        sheet: a written sheet.
        homography: homography from pixels of the sheet to pixels of the frame, float64 (3, 3).

    Returns:
        The digits in reading order.
    """
    starts = np.cumsum([0, *(len(written.outline) for written in sheet.digits[:-1])])
    outlines = np.concatenate([written.outline for written in sheet.digits])
    projected = cv2.perspectiveTransform(outlines[:, None], homography)[:, 0] + 0.5  # pixel i spans i to i + 1
    low = np.floor(np.minimum.reduceat(projected, starts)).astype(int)
    high = np.ceil(np.maximum.reduceat(projected, starts)).astype(int)
    inside = np.all((low >= 0) & (high <= FRAME_PX), axis=1).tolist()
    return tuple(
        TrueDigit(written.digit, Box(int(x), int(y), int(right - x), int(bottom - y)))
        for written, (x, y), (right, bottom), is_inside in zip(sheet.digits, low, high, inside, strict=True)
        if is_inside
    )
