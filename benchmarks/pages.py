"""Pages for films: numbers on paper, some of which are written, or written anew, while the camera looks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.capture.paper import (
    DESK_COLOUR,
    DESK_PX,
    INKS,
    MARGIN_PX,
    PAPER_PX,
    Colour,
    Ruling,
    Script,
    WrittenDigit,
    lay_ink,
    light_desk,
    outline,
    print_rules,
    write_heading,
)
from agent.capture.pen import draw_digit, invent_hand

Picture = NDArray[np.uint8]
Point = tuple[float, float]

PART_S = 0.1
"""What a third of a digit takes to write."""
PARTS = 3
NEXT_S = 0.15
"""From one digit to the next."""
COME_S = 0.4
"""What the hand takes to come, and to go."""
SIZE_PX = (PAPER_PX[0] + 2 * DESK_PX, PAPER_PX[1] + 2 * DESK_PX)


@dataclass(frozen=True, eq=False)
class LaidInk:
    """Ink and where it lies on the page's picture."""

    ink: NDArray[np.uint8]
    x: int
    y: int
    colour: Colour

    def part(self, share: float) -> LaidInk:
        """Its upper part: what is written of it so far."""
        return replace(self, ink=self.ink[: max(1, round(share * self.ink.shape[0]))])

    @property
    def end(self) -> Point:
        """Where the pen was last."""
        across = np.flatnonzero(self.ink[-1] > 0)
        return self.x + float(across.mean() if len(across) else self.ink.shape[1] / 2), self.y + self.ink.shape[0]


@dataclass(frozen=True, eq=False)
class Number:
    """A number as it is written on a page."""

    name: str
    """Tells it from all others of a film, and from what stood in its place before."""
    text: str
    inks: tuple[LaidInk, ...]
    digits: tuple[WrittenDigit, ...]


@dataclass(frozen=True, eq=False)
class Stage:
    """What lies on a page from a moment on."""

    start_s: float
    numbers: tuple[Number, ...]
    """Those that stand there whole."""
    unfinished: Number | None = None
    """One that is being written, ..."""
    written: tuple[LaidInk, ...] = ()
    """... and what of it is written so far."""
    pen: Point | None = None
    """Where a hand writes, in pixels of the picture."""


@dataclass(frozen=True)
class Cover:
    """An open hand that lies on the page for a while."""

    start_s: float
    end_s: float
    at: Point
    """Where its fingers reach, in pixels of the picture."""
    angle: float
    """Where it points to, in radians."""


class Page:
    """A page through time, in seconds since it was opened.

    Args:
        blank: the lit page without its numbers, BGR uint8 (H, W, 3).
        stages: in the order of time, the first at 0.
        covers: hands that lie on it.
    """

    def __init__(self, blank: Picture, stages: Sequence[Stage], covers: Sequence[Cover]) -> None:
        self.stages, self.covers = tuple(stages), tuple(covers)
        self._blank = blank
        self._image = lru_cache(maxsize=2)(self._draw)

    def at(self, time_s: float) -> tuple[Picture, Stage]:
        """The page's picture, not to be written to, and what stands on it."""
        number = max(0, bisect_right([stage.start_s for stage in self.stages], time_s) - 1)
        return self._image(number), self.stages[number]

    def is_touched(self, time_s: float) -> bool:
        """Whether any hand is over it."""
        return self.pen(time_s) is not None or any(cover.start_s < time_s < cover.end_s for cover in self.covers)

    def pen(self, time_s: float) -> Point | None:
        """Where a hand writes, in pixels of the picture; it comes from the lower right and goes back there."""
        writing = [stage for stage in self.stages if stage.pen is not None]
        if not writing:
            return None
        begins_s, ends_s = writing[0].start_s, writing[-1].start_s + PART_S
        times = [begins_s - COME_S, *(stage.start_s for stage in writing), ends_s, ends_s + COME_S]
        if not times[0] <= time_s <= times[-1]:
            return None
        tips = np.array([stage.pen for stage in writing])
        tips = np.concatenate((tips[:1] + SIZE_PX, tips, tips[-1:], tips[-1:] + SIZE_PX))
        return float(np.interp(time_s, times, tips[:, 0])), float(np.interp(time_s, times, tips[:, 1]))

    def _draw(self, number: int) -> Picture:
        image, stage = self._blank.copy(), self.stages[number]
        for laid in (*(ink for one in stage.numbers for ink in one.inks), *stage.written):
            lay_ink(image, laid.ink, laid.x, laid.y, laid.colour)
        return image


@dataclass(frozen=True)
class Place:
    """Room for a number on a page."""

    x: float
    baseline: int
    count: int
    """Digits that have room."""


def write_page(rng: np.random.Generator, name: str, ruling: Ruling, lasts_s: float) -> Page:
    """Four to nine numbers in one hand; one may be written while the camera looks, one may be changed.

    Args:
        rng: invents everything.
        name: begins the names of its numbers.
        ruling: what is printed on the paper.
        lasts_s: how long it is looked at.
    """
    spacing_px = int(rng.integers(120, 190))
    script = Script(invent_hand(rng), rng.uniform(0.45, 0.62) * spacing_px, INKS[str(rng.choice(list(INKS)))])
    blank, rows = _blank(rng, ruling, spacing_px, script)
    places = _places(rng, rows, script)
    numbers = [_write(rng, f"{name}.{i}", place, script) for i, place in enumerate(places)]
    stages, covers = [Stage(0.0, tuple(numbers))], list[Cover]()
    late = int(rng.integers(len(numbers))) if rng.random() < 0.6 else None
    if late is not None:
        stages = [Stage(0.0, tuple(n for i, n in enumerate(numbers) if i != late))]
        stages += _written_at(rng.uniform(1.5, 3.0), stages[-1].numbers, numbers[late])
    if rng.random() < 0.6 and len(numbers) > 2:
        chosen = int(rng.choice([i for i in range(len(numbers)) if i != late]))
        at_s = stages[-1].start_s + rng.uniform(1.0, 2.0)
        anew = _write(rng, f"{name}.{chosen}'", places[chosen], script, other_than=numbers[chosen].text)
        covers.append(_cover(rng, at_s - 0.6, at_s + 0.6, numbers[chosen]))
        left = tuple(anew if one is numbers[chosen] else one for one in stages[-1].numbers)
        stages.append(Stage(at_s, left))
    if rng.random() < 0.5:
        start_s = stages[-1].start_s + rng.uniform(1.5, 2.5)
        covers.append(_cover(rng, start_s, start_s + rng.uniform(0.7, 3.0), numbers[int(rng.integers(len(numbers)))]))
    return Page(blank, stages, [cover for cover in covers if cover.end_s < lasts_s])


def _blank(rng: np.random.Generator, ruling: Ruling, spacing_px: int, script: Script) -> tuple[Picture, list[int]]:
    """A lit page without numbers, and the baselines that are left for them."""
    w, h = PAPER_PX
    rows = list(range(h - MARGIN_PX - 20, MARGIN_PX + 60, -spacing_px))[::-1]
    paper = np.full((h, w, 3), rng.integers((222, 230, 234), (236, 244, 248)), np.uint8)
    print_rules(paper, ruling, rows[-1], spacing_px)
    if rng.random() < 0.5:
        write_heading(rng, paper, rows.pop(0), script)
    desk = np.full((SIZE_PX[1], SIZE_PX[0], 3), DESK_COLOUR, np.uint8)
    desk[DESK_PX : DESK_PX + h, DESK_PX : DESK_PX + w] = paper
    return light_desk(rng, desk), [y + DESK_PX for y in rows]


def _places(rng: np.random.Generator, rows: Sequence[int], script: Script) -> list[Place]:
    """One to three numbers a row, as its width allows; a digit is taken to be as wide as high."""
    places = []
    for baseline in rows:
        x = DESK_PX + MARGIN_PX + float(rng.uniform(0, 80))
        for _ in range(3):
            count = int(rng.integers(2, 7))
            end = x + 0.95 * count * script.height_px
            if end < DESK_PX + PAPER_PX[0] - MARGIN_PX:
                places.append(Place(x, baseline + int(rng.integers(-4, 5)), count))
                x = end + script.height_px * rng.uniform(1.0, 1.8)
    return [places[i] for i in sorted(rng.permutation(len(places))[: int(rng.choice((1, 3, 6, 9)))])]


def _write(rng: np.random.Generator, name: str, place: Place, script: Script, other_than: str = "") -> Number:
    text = other_than
    while text == other_than:
        text = "".join(map(str, rng.integers(0, 10, place.count)))
    x, inks, digits = place.x, list[LaidInk](), list[WrittenDigit]()
    for digit in map(int, text):
        ink = draw_digit(rng, digit, script.height_px, script.hand)
        y = round(place.baseline - ink.shape[0] + rng.normal(0, 0.02) * script.height_px)
        inks.append(LaidInk(ink, round(x), y, script.colour))
        digits.append(WrittenDigit(digit, outline(ink) + np.array((round(x), y), np.float32)))
        x += ink.shape[1] + script.height_px * rng.uniform(0.13, 0.25)
    return Number(name, text, tuple(inks), tuple(digits))


def _written_at(start_s: float, others: tuple[Number, ...], number: Number) -> list[Stage]:
    """The stages in which a number comes to be, part by part, under a hand that then leaves."""
    stages, at_s = list[Stage](), start_s
    for i, ink in enumerate(number.inks):
        for part in range(1, PARTS + 1):
            now = ink.part(part / PARTS)
            stages.append(Stage(at_s, others, number, (*number.inks[:i], now), now.end))
            at_s += PART_S
        at_s += NEXT_S
    return [*stages, Stage(at_s, (*others, number))]


def _cover(rng: np.random.Generator, start_s: float, end_s: float, number: Number) -> Cover:
    outlines = np.concatenate([digit.outline for digit in number.digits])
    middle, height_px = outlines.mean(axis=0), float(np.ptp(outlines[:, 1]))
    angle = -np.pi / 2 + rng.uniform(-0.5, 0.5)
    ahead = np.array((np.cos(angle), np.sin(angle)))
    x, y = middle + 0.6 * height_px * ahead
    return Cover(start_s, end_s, (float(x), float(y)), float(angle))
