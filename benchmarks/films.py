"""Films of pages as a hand-held camera sees them, and what stands in every frame.

Everything that makes live reading hard is in them: sway and tremor, motion blur along the motion, a lens that hunts
for its focus, exposure that jumps, shadows that move, hands, pens, pages that are turned, numbers out of view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.demo import FRAME_PX
from agent.capture.paper import DESK_PX, PAPER_PX, RULINGS
from agent.vision.box import Box
from benchmarks.hands import SKINS, lay_hand, open_hand, pen_hand
from benchmarks.pages import SIZE_PX, Page, Picture, Stage, write_page

PAGE_S = 10.0
TURN_S = 0.6
PAGES = 2
ENTER_S = 0.35
"""What a hand takes to come and to go."""
HAND_PX = 130
"""Length of a hand's palm, in pixels of the page."""
PEN_GREY = 45
LEGIBLE_BLUR_PX = 4.0
"""A frame that is blurred more, by motion or by the lens, need not be read."""
SUBFRAMES = 4
"""So many pictures are averaged into a frame while the camera moves."""


@dataclass(frozen=True)
class Standing:
    """A number in a frame."""

    name: str
    text: str
    box: Box
    """In pixels of the frame; may reach out of it."""
    whole: bool
    """All of it is written and in the frame, and nothing hides it."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame and its truth."""

    image: Picture
    """BGR, uint8 (480, 640, 3)."""
    numbers: tuple[Standing, ...]
    """Those of which any part is in the frame, hidden or not."""
    blur_px: float
    """How much the camera's motion and its lens blur it."""

    @property
    def legible(self) -> bool:
        return self.blur_px <= LEGIBLE_BLUR_PX


@dataclass(frozen=True)
class Bump:
    """Something that comes and goes: 0 outside, 1 in between."""

    start_s: float
    end_s: float
    ramp_s: float

    def __call__(self, time_s: float) -> float:
        inward = min(time_s - self.start_s, self.end_s - time_s)
        return 0.5 - 0.5 * math.cos(math.pi * min(1.0, max(0.0, inward / self.ramp_s)))


@dataclass(frozen=True)
class Sway:
    """A sum of sines, each with an amplitude, a frequency in Hz and a phase."""

    waves: tuple[tuple[float, float, float], ...]

    def __call__(self, time_s: float) -> float:
        return sum(a * math.sin(2 * math.pi * f * time_s + phase) for a, f, phase in self.waves)


def _sway(rng: np.random.Generator, slow: float, tremor: float) -> Sway:
    """What a hand does: a slow sway of two frequencies, and the tremor of 6 to 11 Hz."""
    slow_waves = [(slow * rng.uniform(0.4, 0.7), rng.uniform(0.12, 0.5), rng.uniform(0, 6.3)) for _ in range(2)]
    fast_waves = [(tremor * rng.uniform(0.4, 0.7), rng.uniform(6, 11), rng.uniform(0, 6.3)) for _ in range(2)]
    return Sway((*slow_waves, *fast_waves))


@dataclass(frozen=True)
class Move:
    """The camera leaves its place and comes back: a pan when it is slow, a jerk when it is quick."""

    bump: Bump
    by: tuple[float, float]
    """Pixels of the frame."""


class HandHeld:
    """Where the camera is.

    Args:
        rng: invents it.
        lasts_s: how long the film is.
    """

    def __init__(self, rng: np.random.Generator, lasts_s: float) -> None:
        self._zoom = rng.uniform(0.44, 0.6)
        self.shutter_s = float(rng.choice((1 / 120, 1 / 60, 1 / 30)))
        self._across, self._down = _sway(rng, 26, 1.6), _sway(rng, 20, 1.6)
        self._turn, self._near = _sway(rng, 0.05, 0.002), _sway(rng, 0.05, 0.001)
        self._tilts = _sway(rng, 9e-5, 0), _sway(rng, 9e-5, 0)
        self._moves = [
            Move(Bump(at, at + length, ramp), (reach * math.cos(angle), 0.6 * reach * math.sin(angle)))
            for at, length, ramp, reach, angle in (
                *(
                    (
                        rng.uniform(1, lasts_s - 4),
                        rng.uniform(2.5, 3.5),
                        rng.uniform(0.5, 0.9),
                        rng.uniform(180, 320),
                        rng.uniform(0, 6.3),
                    )
                    for _ in range(int(rng.integers(1, 3)))
                ),
                *(
                    (rng.uniform(0, lasts_s), 0.4, 0.2, rng.uniform(25, 90), rng.uniform(0, 6.3))
                    for _ in range(int(rng.integers(1, 5)))
                ),
            )
        ]

    def view(self, time_s: float) -> NDArray[np.float64]:
        """The homography from the page's pixels to the frame's."""
        zoom, angle = self._zoom * (1 + self._near(time_s)), self._turn(time_s)
        x = self._across(time_s) + sum(move.by[0] * move.bump(time_s) for move in self._moves)
        y = self._down(time_s) + sum(move.by[1] * move.bump(time_s) for move in self._moves)
        cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
        from_centre = np.array([[1, 0, -SIZE_PX[0] / 2], [0, 1, -SIZE_PX[1] / 2], [0, 0, 1]])
        turned = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        tilted = np.array([[1, 0, 0], [0, 1, 0], [self._tilts[0](time_s), self._tilts[1](time_s), 1]])
        to_frame = np.array([[1, 0, FRAME_PX[0] / 2 + x], [0, 1, FRAME_PX[1] / 2 + y], [0, 0, 1]])
        return np.asarray(to_frame @ tilted @ turned @ from_centre, np.float64)


class Light:
    """Exposure that breathes and jumps, and a shadow's edge that wanders over the page."""

    def __init__(self, rng: np.random.Generator, lasts_s: float) -> None:
        self._breath = _sway(rng, 0.06, 0)
        self._jumps = [
            (rng.uniform(1, lasts_s), float(rng.choice((0.5, 0.65, 1.35, 1.6)))) for _ in range(int(rng.integers(1, 4)))
        ]
        self._shadow = Bump(start := rng.uniform(0, lasts_s - 4), start + rng.uniform(2, 5), 1.0)
        self._angle, self._dark = rng.uniform(0, 6.3), rng.uniform(0.5, 0.75)

    def __call__(self, image: Picture, time_s: float) -> Picture:
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


class Film:
    """A film of some pages; the same seed gives the same film.

    Args:
        seed: invents everything.
        pages: how many, ten seconds each.
    """

    def __init__(self, seed: int, pages: int = PAGES) -> None:
        rng = np.random.default_rng((seed, 20))
        self.lasts_s = pages * PAGE_S
        self._pages = [write_page(rng, f"{seed}.{i}", RULINGS[(seed + i) % len(RULINGS)], PAGE_S) for i in range(pages)]
        self._camera, self._light = HandHeld(rng, self.lasts_s), Light(rng, self.lasts_s)
        self._focus = [
            (Bump(at := rng.uniform(0.5, self.lasts_s), at + rng.uniform(0.5, 1.1), 0.2), rng.uniform(1.5, 4.0))
            for _ in range(int(rng.integers(1, 4)))
        ]
        self._skin = SKINS[int(rng.integers(len(SKINS)))]
        self._noise = rng.normal(0, rng.uniform(2, 5), (FRAME_PX[1] + 64, FRAME_PX[0] + 64, 3)).astype(np.int8)
        self._quality = int(rng.integers(70, 95))

    def shot(self, time_s: float) -> Shot:
        """The frame that is taken at this moment."""
        page, hidden, numbers = self._desk(time_s)
        views = [self._camera.view(time_s - self._camera.shutter_s * i / SUBFRAMES) for i in range(SUBFRAMES)]
        moved_px = float(np.linalg.norm(_middle(views[0]) - _middle(views[-1])))
        image = _exposed(page, views if moved_px > 0.7 else views[:1])
        lens_px = 0.7 + sum(strength * bump(time_s) for bump, strength in self._focus)
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), lens_px), np.uint8)
        image = self._light(image, time_s)
        left, top = np.random.default_rng(round(time_s * 1e6)).integers(0, 64, 2)
        noise = self._noise[top : top + FRAME_PX[1], left : left + FRAME_PX[0]]
        image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)
        packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1]
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
        return Shot(image, _standing(numbers, views[0], hidden), max(moved_px, 2 * (lens_px - 0.7)))

    def _desk(self, time_s: float) -> tuple[Picture, NDArray[np.uint8] | None, Stage]:
        """The page with all hands on it, the mask of what hides it, and what stands on it."""
        number = min(int(time_s / PAGE_S), len(self._pages) - 1)
        on_page_s = time_s - number * PAGE_S
        image, stage = self._pages[number].at(on_page_s)
        if number and on_page_s < TURN_S:
            before, _ = self._pages[number - 1].at(PAGE_S)
            return _turning(before, image, on_page_s / TURN_S), None, Stage(0, ())
        if not self._pages[number].is_touched(on_page_s):
            return image, None, stage
        hand, pen = _hands(self._pages[number], on_page_s)
        image = np.asarray(cv2.copyTo(np.full_like(image, PEN_GREY), pen, image.copy()), np.uint8)
        return lay_hand(image, hand, self._skin, 0.2 * HAND_PX), hand | pen, stage


def _hands(page: Page, time_s: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The masks of all hands over a page, and of the pen."""
    hand, pen = (np.zeros((SIZE_PX[1], SIZE_PX[0]), np.uint8) for _ in range(2))
    for cover in page.covers:
        if near := Bump(cover.start_s, cover.end_s, ENTER_S)(time_s):
            away_px = 9 * HAND_PX * (1 - near)
            x, y = cover.at
            reach = (x - away_px * math.cos(cover.angle), y - away_px * math.sin(cover.angle))
            hand |= open_hand(SIZE_PX, reach, cover.angle, HAND_PX)
    if (tip := page.pen(time_s)) is not None:
        writing, pen = pen_hand(SIZE_PX, tip, HAND_PX)
        hand |= writing
    return hand, pen


def _turning(before: Picture, after: Picture, share: float) -> Picture:
    """A page that is turned about its left edge; `share` is how far, 0..1."""
    image, w = after.copy(), PAPER_PX[0]
    edge = DESK_PX + round(w * math.cos(math.pi * share))
    bright = 1 - 0.35 * math.sin(math.pi * share)
    shadow = image[:, max(DESK_PX, edge) : max(DESK_PX, edge) + 60]
    shadow[:] = cv2.convertScaleAbs(shadow, alpha=0.7)
    if edge > DESK_PX + 1:
        front = cv2.resize(before[:, DESK_PX : DESK_PX + w], (edge - DESK_PX, SIZE_PX[1]), interpolation=cv2.INTER_AREA)
        image[:, DESK_PX:edge] = cv2.convertScaleAbs(front, alpha=bright)
    else:
        image[DESK_PX:-DESK_PX, max(0, edge) : DESK_PX] = np.uint8(225 * bright)
    return image


def _exposed(page: Picture, views: list[NDArray[np.float64]]) -> Picture:
    """What the sensor sees while the shutter is open."""
    seen = [cv2.warpPerspective(page, view, FRAME_PX, borderMode=cv2.BORDER_REPLICATE) for view in views]
    return np.asarray(np.mean(seen, axis=0) if len(seen) > 1 else seen[0], np.uint8)


def _middle(view: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the page's middle is in the frame."""
    x, y, depth = view @ (SIZE_PX[0] / 2, SIZE_PX[1] / 2, 1)
    return np.array((x / depth, y / depth))


def _standing(stage: Stage, view: NDArray[np.float64], hidden: NDArray[np.uint8] | None) -> tuple[Standing, ...]:
    standing = []
    for number in (*stage.numbers, stage.unfinished):
        if number is None:
            continue
        outlines = np.concatenate([digit.outline for digit in number.digits])
        seen = cv2.perspectiveTransform(outlines[:, None], view)[:, 0]
        (left, top), (right, bottom) = np.floor(seen.min(axis=0)), np.ceil(seen.max(axis=0))
        box = Box(int(left), int(top), int(right - left), int(bottom - top))
        if box.iou(Box(0, 0, *FRAME_PX)) > 0:
            inside = left >= 0 and top >= 0 and right <= FRAME_PX[0] and bottom <= FRAME_PX[1]
            whole = bool(inside) and number is not stage.unfinished and not _is_hidden(outlines, hidden)
            standing.append(Standing(number.name, number.text, box, whole))
    return tuple(standing)


def _is_hidden(outlines: NDArray[np.float32], hidden: NDArray[np.uint8] | None) -> bool:
    if hidden is None:
        return False
    x, y, w, h = cv2.boundingRect(outlines)
    return bool(hidden[y : y + h, x : x + w].any())
