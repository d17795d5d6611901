"""Pages for rendered videos: numbers on paper. Some of them are written, or replaced, while the camera looks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import (
    DESK_PX,
    INK_COLOURS,
    MARGIN_PX,
    PAPER_PX,
    SHEET_PX,
    Colour,
    Image,
    RowStyle,
    Ruling,
    WrittenDigit,
    apply_ink,
    baselines_px,
    blank_paper,
    ink_outline,
    lay_on_desk,
    light_sheet,
    print_ruling,
    write_heading,
)

Point = tuple[float, float]

DIGIT_PART_S = 0.1
"""Time in which a part of a digit is written."""
DIGIT_PARTS = 3
"""Parts in which a digit is written, from top to bottom."""
DIGIT_PAUSE_S = 0.15
"""Pause between two digits."""
HAND_MOVE_S = 0.4
"""Time in which a writing hand enters or leaves the page."""


@dataclass(frozen=True, eq=False)
class PlacedInk:
    """Ink and its position in the image of the page."""

    ink: NDArray[np.uint8]
    x: int
    y: int
    colour: Colour

    def part(self, share: float) -> PlacedInk:
        """Return the upper part of the ink, with a share of its height."""
        return replace(self, ink=self.ink[: max(1, round(share * self.ink.shape[0]))])

    @property
    def end(self) -> Point:
        """Position of the pen at the lower end of the ink."""
        across = np.flatnonzero(self.ink[-1] > 0)
        return self.x + float(across.mean() if len(across) else self.ink.shape[1] / 2), self.y + self.ink.shape[0]


@dataclass(frozen=True, eq=False)
class WrittenNumber:
    """A number on a page."""

    name: str
    """Identifies the number in the video. A number that replaces another one has its own name."""
    text: str
    inks: tuple[PlacedInk, ...]
    digits: tuple[WrittenDigit, ...]


@dataclass(frozen=True, eq=False)
class PageState:
    """The content of a page from a time on."""

    start_s: float
    numbers: tuple[WrittenNumber, ...]
    """The numbers that are completely written."""
    unfinished: WrittenNumber | None = None
    """The number that is being written."""
    written: tuple[PlacedInk, ...] = ()
    """The ink of the unfinished number so far."""
    pen: Point | None = None
    """Position of the writing pen, in pixels of the page's image; None if nobody writes."""


@dataclass(frozen=True)
class CoveringHand:
    """An open hand that lies on the page for a while."""

    start_s: float
    end_s: float
    at: Point
    """Position of its fingertips, in pixels of the page's image."""
    angle: float
    """Direction in which it points, in radians."""


class VideoPage:
    """A page that changes over time, in seconds since it was opened.

    Args:
        blank: the lit page without numbers, BGR uint8 (H, W, 3).
        states: the states in order of time, the first one at 0.
        covering_hands: open hands that lie on the page.
    """

    def __init__(self, blank: Image, states: Sequence[PageState], covering_hands: Sequence[CoveringHand]) -> None:
        self.states, self.covering_hands = tuple(states), tuple(covering_hands)
        self._blank = blank
        self._image = lru_cache(maxsize=2)(self._draw)

    def at(self, time_s: float) -> tuple[Image, PageState]:
        """Return the image and the state of the page. The image must not be modified."""
        number = max(0, bisect_right([state.start_s for state in self.states], time_s) - 1)
        return self._image(number), self.states[number]

    def is_touched(self, time_s: float) -> bool:
        """Whether a hand is over the page."""
        return self.pen(time_s) is not None or any(
            covering_hand.start_s < time_s < covering_hand.end_s for covering_hand in self.covering_hands
        )

    def pen(self, time_s: float) -> Point | None:
        """Return the position of the pen in pixels of the page's image; None if there is no writing hand.

        The hand comes from the lower right and leaves to the lower right.
        """
        writing = [state for state in self.states if state.pen is not None]
        if not writing:
            return None
        begins_s, ends_s = writing[0].start_s, writing[-1].start_s + DIGIT_PART_S
        times = [begins_s - HAND_MOVE_S, *(state.start_s for state in writing), ends_s, ends_s + HAND_MOVE_S]
        if not times[0] <= time_s <= times[-1]:
            return None
        tips = np.array([state.pen for state in writing])
        tips = np.concatenate((tips[:1] + SHEET_PX, tips, tips[-1:], tips[-1:] + SHEET_PX))
        return float(np.interp(time_s, times, tips[:, 0])), float(np.interp(time_s, times, tips[:, 1]))

    def _draw(self, number: int) -> Image:
        image, state = self._blank.copy(), self.states[number]
        for placed in (*(ink for one in state.numbers for ink in one.inks), *state.written):
            apply_ink(image, placed.ink, placed.x, placed.y, placed.colour)
        return image


@dataclass(frozen=True)
class NumberSlot:
    """A free place for a number on a page."""

    x: float
    baseline: int
    count: int
    """Number of digits that fit."""


def draw_page(rng: np.random.Generator, name: str, ruling: Ruling, duration_s: float) -> VideoPage:
    """Draw a page with up to nine numbers in one handwriting. One may be written during the video, one may be replaced.

    Args:
        rng: random generator.
        name: prefix of the names of the numbers.
        ruling: ruling of the paper.
        duration_s: time for which the page is in view.
    """
    spacing_px = int(rng.integers(120, 190))
    style = RowStyle(
        random_handwriting(rng), rng.uniform(0.45, 0.62) * spacing_px, INK_COLOURS[str(rng.choice(list(INK_COLOURS)))]
    )
    blank, rows = _blank(rng, ruling, spacing_px, style)
    slots = _number_slots(rng, rows, style)
    numbers = [_write_number(rng, f"{name}.{i}", slot, style) for i, slot in enumerate(slots)]
    states, covering_hands = [PageState(0.0, tuple(numbers))], list[CoveringHand]()
    late = int(rng.integers(len(numbers))) if rng.random() < 0.6 else None
    if late is not None:
        states = [PageState(0.0, tuple(n for i, n in enumerate(numbers) if i != late))]
        states += _writing_states(rng.uniform(1.5, 3.0), states[-1].numbers, numbers[late])
    if rng.random() < 0.6 and len(numbers) > 2:
        chosen = int(rng.choice([i for i in range(len(numbers)) if i != late]))
        at_s = states[-1].start_s + rng.uniform(1.0, 2.0)
        replacement = _write_number(rng, f"{name}.{chosen}'", slots[chosen], style, other_than=numbers[chosen].text)
        covering_hands.append(_covering_hand(rng, at_s - 0.6, at_s + 0.6, numbers[chosen]))
        left = tuple(replacement if one is numbers[chosen] else one for one in states[-1].numbers)
        states.append(PageState(at_s, left))
    if rng.random() < 0.5:
        start_s = states[-1].start_s + rng.uniform(1.5, 2.5)
        covering_hands.append(
            _covering_hand(rng, start_s, start_s + rng.uniform(0.7, 3.0), numbers[int(rng.integers(len(numbers)))])
        )
    return VideoPage(
        blank, states, [covering_hand for covering_hand in covering_hands if covering_hand.end_s < duration_s]
    )


def _blank(rng: np.random.Generator, ruling: Ruling, spacing_px: int, style: RowStyle) -> tuple[Image, list[int]]:
    """Return a lit page without numbers, and the baselines for the numbers."""
    rows = list(baselines_px(spacing_px))
    paper = blank_paper(rng)
    print_ruling(paper, ruling, rows[-1], spacing_px)
    if rng.random() < 0.5:
        write_heading(rng, paper, rows.pop(0), style)
    return light_sheet(rng, lay_on_desk(paper)), [y + DESK_PX for y in rows]


def _number_slots(rng: np.random.Generator, rows: Sequence[int], style: RowStyle) -> list[NumberSlot]:
    """Return random places for numbers: up to three per row. A digit counts as nearly as wide as high."""
    slots = []
    for baseline in rows:
        x = DESK_PX + MARGIN_PX + float(rng.uniform(0, 80))
        for _ in range(3):
            count = int(rng.integers(2, 7))
            end = x + 0.95 * count * style.height_px
            if end < DESK_PX + PAPER_PX[0] - MARGIN_PX:
                slots.append(NumberSlot(x, baseline + int(rng.integers(-4, 5)), count))
                x = end + style.height_px * rng.uniform(1.0, 1.8)
    return [slots[i] for i in sorted(rng.permutation(len(slots))[: int(rng.choice((1, 3, 6, 9)))])]


def _write_number(
    rng: np.random.Generator, name: str, slot: NumberSlot, style: RowStyle, other_than: str = ""
) -> WrittenNumber:
    text = other_than
    while text == other_than:
        text = "".join(map(str, rng.integers(0, 10, slot.count)))
    x, inks, digits = slot.x, list[PlacedInk](), list[WrittenDigit]()
    for digit in map(int, text):
        ink = draw_digit(rng, digit, style.height_px, style.handwriting)
        y = round(slot.baseline - ink.shape[0] + rng.normal(0, 0.02) * style.height_px)
        inks.append(PlacedInk(ink, round(x), y, style.colour))
        digits.append(WrittenDigit(digit, ink_outline(ink) + np.array((round(x), y), np.float32)))
        x += ink.shape[1] + style.height_px * rng.uniform(0.13, 0.25)
    return WrittenNumber(name, text, tuple(inks), tuple(digits))


def _writing_states(start_s: float, others: tuple[WrittenNumber, ...], number: WrittenNumber) -> list[PageState]:
    """Return the states in which a number is written part by part by a hand that leaves at the end."""
    states, at_s = list[PageState](), start_s
    for i, ink in enumerate(number.inks):
        for part in range(1, DIGIT_PARTS + 1):
            now = ink.part(part / DIGIT_PARTS)
            states.append(PageState(at_s, others, number, (*number.inks[:i], now), now.end))
            at_s += DIGIT_PART_S
        at_s += DIGIT_PAUSE_S
    return [*states, PageState(at_s, (*others, number))]


def _covering_hand(rng: np.random.Generator, start_s: float, end_s: float, number: WrittenNumber) -> CoveringHand:
    outlines = np.concatenate([digit.outline for digit in number.digits])
    middle, height_px = outlines.mean(axis=0), float(np.ptp(outlines[:, 1]))
    angle = -np.pi / 2 + rng.uniform(-0.5, 0.5)
    ahead = np.array((np.cos(angle), np.sin(angle)))
    x, y = middle + 0.6 * height_px * ahead
    return CoveringHand(start_s, end_s, (float(x), float(y)), float(angle))
