"""Rendered videos of pages under a hand-held camera, with the ground truth of each frame.

They contain what makes live reading hard: sway and tremor, motion blur, an autofocus that hunts, jumps of the exposure,
moving shadows, hands, pens, pages that are turned, numbers outside the frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.demo import FRAME_PX
from agent.drawing.paper import DESK_PX, PAPER_PX, RULINGS, SHEET_PX, Image
from agent.drawing.viewpoint import sheet_to_frame
from agent.vision.box import Box
from benchmarks.video_hands import SKIN_COLOURS, blend_hand, open_hand_mask, writing_hand_masks
from benchmarks.video_pages import PageState, VideoPage, draw_page

PAGE_S = 10.0
"""Time for which each page is in view."""
PAGE_TURN_S = 0.6
"""Time in which a page is turned."""
PAGES = 2
"""Pages per video."""
HAND_ENTER_S = 0.35
"""Time in which an open hand enters or leaves the page."""
HAND_PX = 130
"""Length of the palm of a hand, in pixels of the page."""
PEN_GREY = 45
"""Grey level of the pen in the hand."""
MAX_LEGIBLE_BLUR_PX = 4.0
"""Largest blur, by motion or by the lens, at which a frame counts as legible. Chosen by trial."""
SUBFRAMES = 4
"""Number of images that are averaged into a frame while the camera moves."""


@dataclass(frozen=True)
class VisibleNumber:
    """A number in a frame."""

    name: str
    """Identifies the number in the video."""
    text: str
    box: Box
    """Box of the number, in pixels of the frame. It may extend beyond the frame."""
    complete: bool
    """Whether the number is completely written, completely in the frame, and not covered."""


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """A frame and its ground truth."""

    image: Image
    """The picture, BGR uint8 (480, 640, 3)."""
    numbers: tuple[VisibleNumber, ...]
    """The numbers with any part in the frame, covered or not."""
    blur_px: float
    """The larger of the motion blur and the defocus blur."""

    @property
    def legible(self) -> bool:
        return self.blur_px <= MAX_LEGIBLE_BLUR_PX


@dataclass(frozen=True)
class SmoothPulse:
    """A smooth pulse over time: 0 outside, 1 inside, with cosine ramps."""

    start_s: float
    end_s: float
    ramp_s: float

    def __call__(self, time_s: float) -> float:
        inward = min(time_s - self.start_s, self.end_s - time_s)
        return 0.5 - 0.5 * math.cos(math.pi * min(1.0, max(0.0, inward / self.ramp_s)))


@dataclass(frozen=True)
class SineSum:
    """A sum of sines over time."""

    waves: tuple[tuple[float, float, float], ...]
    """Amplitude, frequency in Hz and phase of each sine."""

    def __call__(self, time_s: float) -> float:
        return sum(a * math.sin(2 * math.pi * f * time_s + phase) for a, f, phase in self.waves)


def _hand_motion(rng: np.random.Generator, slow: float, tremor: float) -> SineSum:
    """Return a random motion of a hand: a slow sway of two frequencies, and a tremor of 6 to 11 Hz.

    Args:
        rng: random generator.
        slow: amplitude of the sway.
        tremor: amplitude of the tremor.
    """
    slow_waves = [(slow * rng.uniform(0.4, 0.7), rng.uniform(0.12, 0.5), rng.uniform(0, 6.3)) for _ in range(2)]
    fast_waves = [(tremor * rng.uniform(0.4, 0.7), rng.uniform(6, 11), rng.uniform(0, 6.3)) for _ in range(2)]
    return SineSum((*slow_waves, *fast_waves))


@dataclass(frozen=True)
class CameraMove:
    """A movement of the camera and back: a slow pan or a quick jerk."""

    pulse: SmoothPulse
    by: tuple[float, float]
    """Offset x, y in pixels of the frame."""


class HandHeldCamera:
    """A random path of a hand-held camera.

    Args:
        rng: random generator.
        duration_s: duration of the video.
    """

    def __init__(self, rng: np.random.Generator, duration_s: float) -> None:
        self._zoom = rng.uniform(0.44, 0.6)
        self.shutter_s = float(rng.choice((1 / 120, 1 / 60, 1 / 30)))
        self._across, self._down = _hand_motion(rng, 26, 1.6), _hand_motion(rng, 20, 1.6)
        self._turn, self._near = _hand_motion(rng, 0.05, 0.002), _hand_motion(rng, 0.05, 0.001)
        self._tilts = _hand_motion(rng, 9e-5, 0), _hand_motion(rng, 9e-5, 0)
        self._moves = [
            CameraMove(SmoothPulse(at, at + length, ramp), (reach * math.cos(angle), 0.6 * reach * math.sin(angle)))
            for at, length, ramp, reach, angle in (
                *(
                    (
                        rng.uniform(1, duration_s - 4),
                        rng.uniform(2.5, 3.5),
                        rng.uniform(0.5, 0.9),
                        rng.uniform(180, 320),
                        rng.uniform(0, 6.3),
                    )
                    for _ in range(int(rng.integers(1, 3)))
                ),
                *(
                    (rng.uniform(0, duration_s), 0.4, 0.2, rng.uniform(25, 90), rng.uniform(0, 6.3))
                    for _ in range(int(rng.integers(1, 5)))
                ),
            )
        ]

    def view(self, time_s: float) -> NDArray[np.float64]:
        """The homography from the page's pixels to the frame's."""
        zoom, angle = self._zoom * (1 + self._near(time_s)), self._turn(time_s)
        x = self._across(time_s) + sum(move.by[0] * move.pulse(time_s) for move in self._moves)
        y = self._down(time_s) + sum(move.by[1] * move.pulse(time_s) for move in self._moves)
        tilt = (self._tilts[0](time_s), self._tilts[1](time_s))
        return sheet_to_frame(SHEET_PX, FRAME_PX, zoom=zoom, angle_rad=angle, tilt=tilt, frame_offset_px=(x, y))


class VideoLight:
    """Random light over time: an exposure that drifts and jumps, and the edge of a moving shadow.

    Args:
        rng: random generator.
        duration_s: duration of the video.
    """

    def __init__(self, rng: np.random.Generator, duration_s: float) -> None:
        self._breath = _hand_motion(rng, 0.06, 0)
        self._jumps = [
            (rng.uniform(1, duration_s), float(rng.choice((0.5, 0.65, 1.35, 1.6))))
            for _ in range(int(rng.integers(1, 4)))
        ]
        self._shadow = SmoothPulse(start := rng.uniform(0, duration_s - 4), start + rng.uniform(2, 5), 1.0)
        self._angle, self._dark = rng.uniform(0, 6.3), rng.uniform(0.5, 0.75)

    def __call__(self, image: Image, time_s: float) -> Image:
        exposure = 1 + self._breath(time_s)
        for at, gain in self._jumps:
            if time_s >= at:
                exposure *= 1 + (gain - 1) * math.exp(-(time_s - at) / 0.6)
        shade = self._shadow(time_s)
        if not shade:
            return np.asarray(cv2.convertScaleAbs(image, alpha=exposure), np.uint8)
        h, w = image.shape[:2]
        y, x = np.mgrid[-1 : 1 : h // 8 * 1j, -1 : 1 : w // 8 * 1j]
        along = np.cos(self._angle) * x + np.sin(self._angle) * y + 1.4 - 1.6 * shade
        dim = 1 - (1 - self._dark) / (1 + np.exp(24 * along))
        gains = cv2.resize((200 * dim).astype(np.uint8), (w, h), interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.multiply(image, cv2.merge([gains] * 3), scale=exposure / 200), np.uint8)


class RenderedVideo:
    """A video of some pages; the same seed gives the same video.

    Args:
        seed: seed of all random numbers.
        pages: number of pages, `PAGE_S` each.
    """

    def __init__(self, seed: int, pages: int = PAGES) -> None:
        rng = np.random.default_rng((seed, 20))
        self.duration_s = pages * PAGE_S
        self._pages = [draw_page(rng, f"{seed}.{i}", RULINGS[(seed + i) % len(RULINGS)], PAGE_S) for i in range(pages)]
        self._camera, self._light = HandHeldCamera(rng, self.duration_s), VideoLight(rng, self.duration_s)
        self._focus = [
            (
                SmoothPulse(at := rng.uniform(0.5, self.duration_s), at + rng.uniform(0.5, 1.1), 0.2),
                rng.uniform(1.5, 4.0),
            )
            for _ in range(int(rng.integers(1, 4)))
        ]
        self._skin = SKIN_COLOURS[int(rng.integers(len(SKIN_COLOURS)))]
        self._noise = rng.normal(0, rng.uniform(2, 5), (FRAME_PX[1] + 64, FRAME_PX[0] + 64, 3)).astype(np.int8)
        self._quality = int(rng.integers(70, 95))

    def frame_at(self, time_s: float) -> VideoFrame:
        """Return the frame at a time since the start of the video."""
        page, hidden, numbers = self._page_at(time_s)
        views = [self._camera.view(time_s - self._camera.shutter_s * i / SUBFRAMES) for i in range(SUBFRAMES)]
        moved_px = float(np.linalg.norm(_page_centre(views[0]) - _page_centre(views[-1])))
        image = _expose(page, views if moved_px > 0.7 else views[:1])
        lens_px = 0.7 + sum(strength * pulse(time_s) for pulse, strength in self._focus)
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), lens_px), np.uint8)
        image = self._light(image, time_s)
        left, top = np.random.default_rng(round(time_s * 1e6)).integers(0, 64, 2)
        noise = self._noise[top : top + FRAME_PX[1], left : left + FRAME_PX[0]]
        image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)
        packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1]
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
        return VideoFrame(image, _visible_numbers(numbers, views[0], hidden), max(moved_px, 2 * (lens_px - 0.7)))

    def _page_at(self, time_s: float) -> tuple[Image, NDArray[np.uint8] | None, PageState]:
        """Return the image of the page with hands, the mask of the covered pixels (or None), and the page's state."""
        number = min(int(time_s / PAGE_S), len(self._pages) - 1)
        on_page_s = time_s - number * PAGE_S
        image, state = self._pages[number].at(on_page_s)
        if number and on_page_s < PAGE_TURN_S:
            before, _ = self._pages[number - 1].at(PAGE_S)
            return _turn_page(before, image, on_page_s / PAGE_TURN_S), None, PageState(0, ())
        if not self._pages[number].is_touched(on_page_s):
            return image, None, state
        hand, pen = _hand_masks(self._pages[number], on_page_s)
        image = np.asarray(cv2.copyTo(np.full_like(image, PEN_GREY), pen, image.copy()), np.uint8)
        return blend_hand(image, hand, self._skin, 0.2 * HAND_PX), hand | pen, state


def _hand_masks(page: VideoPage, time_s: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the mask of all hands over a page, and the mask of the pen, uint8 (h, w), 0 or 255."""
    hand, pen = (np.zeros((SHEET_PX[1], SHEET_PX[0]), np.uint8) for _ in range(2))
    for cover in page.covering_hands:
        if near := SmoothPulse(cover.start_s, cover.end_s, HAND_ENTER_S)(time_s):
            distance_px = 9 * HAND_PX * (1 - near)
            x, y = cover.at
            reach = (x - distance_px * math.cos(cover.angle), y - distance_px * math.sin(cover.angle))
            hand |= open_hand_mask(SHEET_PX, reach, cover.angle, HAND_PX)
    if (tip := page.pen(time_s)) is not None:
        writing, pen = writing_hand_masks(SHEET_PX, tip, HAND_PX)
        hand |= writing
    return hand, pen


def _turn_page(before: Image, after: Image, share: float) -> Image:
    """Return the image of a page that is turned about its left edge.

    Args:
        before: the page that is turned.
        after: the page below it.
        share: progress of the turn, 0..1.
    """
    image, w = after.copy(), PAPER_PX[0]
    edge = DESK_PX + round(w * math.cos(math.pi * share))
    bright = 1 - 0.35 * math.sin(math.pi * share)
    shadow = image[:, max(DESK_PX, edge) : max(DESK_PX, edge) + 60]
    shadow[:] = cv2.convertScaleAbs(shadow, alpha=0.7)
    if edge > DESK_PX + 1:
        front = cv2.resize(
            before[:, DESK_PX : DESK_PX + w], (edge - DESK_PX, SHEET_PX[1]), interpolation=cv2.INTER_AREA
        )
        image[:, DESK_PX:edge] = cv2.convertScaleAbs(front, alpha=bright)
    else:
        image[DESK_PX:-DESK_PX, max(0, edge) : DESK_PX] = np.uint8(225 * bright)
    return image


def _expose(page: Image, views: list[NDArray[np.float64]]) -> Image:
    """Return the frame that the sensor captures while the shutter is open: the mean of the projected page."""
    images = [cv2.warpPerspective(page, view, FRAME_PX, borderMode=cv2.BORDER_REPLICATE) for view in views]
    return np.asarray(np.mean(images, axis=0) if len(images) > 1 else images[0], np.uint8)


def _page_centre(view: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the position x, y of the page's centre in the frame."""
    x, y, depth = view @ (SHEET_PX[0] / 2, SHEET_PX[1] / 2, 1)
    return np.array((x / depth, y / depth))


def _visible_numbers(
    state: PageState, view: NDArray[np.float64], hidden: NDArray[np.uint8] | None
) -> tuple[VisibleNumber, ...]:
    """Return the numbers of a page that are at least partly in the frame."""
    visible = []
    for number in (*state.numbers, state.unfinished):
        if number is None:
            continue
        outlines = np.concatenate([digit.outline for digit in number.digits])
        projected = cv2.perspectiveTransform(outlines[:, None], view)[:, 0]
        (left, top), (right, bottom) = np.floor(projected.min(axis=0)), np.ceil(projected.max(axis=0))
        box = Box(int(left), int(top), int(right - left), int(bottom - top))
        if box.iou(Box(0, 0, *FRAME_PX)) > 0:
            inside = left >= 0 and top >= 0 and right <= FRAME_PX[0] and bottom <= FRAME_PX[1]
            complete = bool(inside) and number is not state.unfinished and not _is_hidden(outlines, hidden)
            visible.append(VisibleNumber(number.name, number.text, box, complete))
    return tuple(visible)


def _is_hidden(outlines: NDArray[np.float32], hidden: NDArray[np.uint8] | None) -> bool:
    """Return whether a mask covers any pixel of the bounding box of the outlines."""
    if hidden is None:
        return False
    x, y, w, h = cv2.boundingRect(outlines)
    return bool(hidden[y : y + h, x : x + w].any())
