"""Small pictures of one field of a form, drawn: what is around its digits, how large they are, what took the picture.

A field is drawn at several times its size and then reduced, as scanners and cameras do it: digits of 12 pixels are
blurred, not drawn with a pen of one pixel. The crop cuts through borders and labels as it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from agent.vision.box import Box, union
from converters.data.labelled import LabelledGlyphs
from converters.data.scenes.camera import black_and_white, negative, scan, snapshot
from converters.data.scenes.desk import Desk, Hand, take_pen
from converters.data.scenes.lettering import Fonts
from converters.data.scenes.page import Area, Page, Scene, Spot
from converters.data.scenes.paper import blank, shade_page
from converters.data.scenes.view import View
from converters.data.scenes.words import letter, print_face, print_ink, word
from converters.data.scenes.writing import LIKE_A_ONE, draw_box, draw_line, write_in_cell, write_text

DRAWN_PX = 48
"""Digits are drawn about so high, or as high as they are to be where that is more."""
TINTS = ((170, 235, 250), (215, 215, 250), (205, 240, 215), (250, 235, 210))
"""Papers of forms, BGR: yellow, pink, green, blue."""
SIZES = {"tiny": (12, 16), "small": (16, 26), "large": (26, 42)}
"""How high digits are, in pixels."""
SEPARATORS = ("none", "point", "date")
MEDIA = ("scan", "black and white", "tinted", "photo", "negative")


@dataclass(frozen=True)
class Kind:
    """What a field is like."""

    surround: str
    """One of `SURROUNDS`."""
    size: str
    separator: str
    medium: str


class Cell(NamedTuple):
    """Where one digit goes."""

    w: float
    h: float
    gap: float
    """To the next one."""
    draw: Callable[[float, float], None]
    """Draws it, its left top corner at a spot."""


@dataclass(frozen=True, eq=False)
class Field:
    """A picture of a field, and what stands in it."""

    kind: Kind
    text: str
    """Its digits, from left to right."""
    scene: Scene


def draw_field(rng: np.random.Generator, kind: Kind, digits: LabelledGlyphs, fonts: Fonts | None = None) -> Field:
    """A field all of whose digits can be read.

    Args:
        rng: where chance comes from; the same state gives the same field.
        kind: what it is like.
        digits: glyphs to write with; to judge nets, such as none has learnt from.
        fonts: fonts to letter with; OpenCV's where there are none.
    """
    while True:
        text = _number(rng, kind)
        scene = _draw(rng, kind, text, digits, fonts or Fonts())
        written = "".join(c for c in text if c.isdigit())
        readable = "".join(str(label) for label, _ in scene.digits)
        if readable == written and len(scene.ignored) <= text.count(LIKE_A_ONE):
            return Field(kind, written, scene)


def any_kind(rng: np.random.Generator) -> Kind:
    """A field of any kind."""
    surround, size, separator, medium = (
        str(rng.choice(list(names))) for names in (SURROUNDS, SIZES, SEPARATORS, MEDIA)
    )
    return Kind(surround, size, separator, medium)


def _number(rng: np.random.Generator, kind: Kind) -> str:
    """Digits, with what parts them."""
    if kind.surround == "one digit":
        return str(rng.integers(10))
    if kind.separator == "date":
        day, month, year = rng.integers(1, 32), rng.integers(1, 13), rng.integers(1950, 2030)
        sign = str(rng.choice(list("/-.")))
        return sign.join([f"{day:02d}", f"{month:02d}", f"{year}" if rng.random() < 0.6 else f"{year % 100:02d}"])
    text = "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(1, 11))))
    if kind.separator == "point" and len(text) > 1:
        cut = int(rng.integers(1, len(text)))
        return text[:cut] + str(rng.choice(list(".,"))) + text[cut:]
    return text


def _draw(rng: np.random.Generator, kind: Kind, text: str, digits: LabelledGlyphs, fonts: Fonts) -> Scene:
    height = float(rng.uniform(*SIZES[kind.size]))
    factor = max(1, round(DRAWN_PX / height))
    drawn_px = height * factor
    size = round(drawn_px * (2.2 * len(text) + 14)), round(8 * drawn_px)
    page = blank(rng, size, dark=False)
    if kind.medium == "tinted":
        shade_page(page, np.full((page.h, page.w), 0.85, np.float32), np.array(rng.choice(TINTS), np.float32))
    desk = Desk(page, digits, fonts, dark=False)
    hand = take_pen(desk, drawn_px)
    while kind.medium == "black and white" and hand.ink.opacity < 0.7:  # fainter ink would be lost altogether
        hand = take_pen(desk, drawn_px)
    spot = 5 * drawn_px, 4 * drawn_px
    around = SURROUNDS[kind.surround](desk, hand, text, spot)
    return _take(rng, page, _crop(rng, page, around, drawn_px, tight=kind.surround == "one digit"), factor, kind.medium)


def _plain(desk: Desk, hand: Hand, text: str, at: Spot) -> Area:
    """Nothing around; the area that what was written takes."""
    since, height = len(desk.page.marks), hand.height_px
    end = write_text(desk, hand, text, at, spacing=float(desk.rng.choice([0.0, 0.1, 0.2, 0.4])))
    marks = np.concatenate([mark.outline for mark in desk.page.marks[since:]])
    top, bottom = marks[:, 1].min(), max(marks[:, 1].max(), at[1])
    return at[0], float(top), max(end - at[0], 0.4 * height), float(bottom - top)


def _bordered(desk: Desk, hand: Hand, text: str, at: Spot) -> Area:
    """One box around all digits, which may touch or cross it."""
    x, y, w, h = _plain(desk, hand, text, at)
    left, above, right, below = desk.rng.uniform((0.1, -0.02, 0.1, -0.02), (0.8, 0.35, 2.5, 0.35)) * hand.height_px
    area = x - left, y - above, w + left + right, h + above + below
    draw_box(desk, print_ink(desk), area, _line_px(desk, hand))
    return area


def _boxes(desk: Desk, hand: Hand, text: str, at: Spot) -> Area:
    """A box for each digit, wall to wall or apart."""
    rng, height = desk.rng, hand.height_px
    w, h = height * rng.uniform(0.85, 1.3), height * rng.uniform(1.15, 1.6)
    gap = w * float(rng.choice([0, 0, 0.15, 0.3]))
    ink, line_px = print_ink(desk), _line_px(desk, hand)

    def box(x: float, y: float) -> None:
        draw_box(desk, ink, (x, y, w, h), line_px)

    return _one_by_one(desk, hand, text, at, Cell(w, h, gap, box))


def _comb(desk: Desk, hand: Hand, text: str, at: Spot) -> Area:
    """A line below, or a box around all, with short strokes between the digits."""
    rng, height = desk.rng, hand.height_px
    w, h = height * rng.uniform(0.85, 1.3), height * rng.uniform(1.15, 1.5)
    tick = h * rng.uniform(0.15, 0.5)
    ink, line_px = print_ink(desk), _line_px(desk, hand)

    def teeth(x: float, y: float) -> None:
        draw_line(desk, ink, [(x, y + h - tick), (x, y + h), (x + w, y + h), (x + w, y + h - tick)], line_px)

    area = _one_by_one(desk, hand, text, at, Cell(w, h, 0.0, teeth))
    if rng.random() < 0.4:
        draw_box(desk, ink, area, line_px)
    return area


def _one_by_one(desk: Desk, hand: Hand, text: str, at: Spot, cell: Cell) -> Area:
    """Cells for the digits, signs printed between them; some cells before stay empty."""
    (x, baseline), (w, h, gap, draw), rng = at, cell, desk.rng
    y, left = baseline - h, at[0]
    face, ink = print_face(desk, 0.8 * hand.height_px), print_ink(desk)
    for sign in "_" * int(rng.choice([0, 0, 0, 1, 2])) + text:
        if sign.isdigit() or sign == "_":
            draw(x, y)
            if sign.isdigit():
                write_in_cell(desk, hand, int(sign), (x, y, w, h))
            x += w + gap
        else:
            x = letter(desk, face, sign, (x + 0.15 * w, y + 0.75 * h), ink) + 0.15 * w
    return left, y, x - gap - left, h


def _line(desk: Desk, hand: Hand, text: str, at: Spot) -> Area:
    """A printed line to write on."""
    x, y, w, h = _plain(desk, hand, text, at)
    ends, below = _line_under(desk, hand, (x, y, w, h))
    draw_line(desk, print_ink(desk), [(ends[0], below), (ends[1], below)], _line_px(desk, hand))
    return ends[0], y, ends[1] - ends[0], max(h, below - y)


def _dotted(desk: Desk, hand: Hand, text: str, at: Spot) -> Area:
    """A line of dots or dashes to write on."""
    rng = desk.rng
    x, y, w, h = _plain(desk, hand, text, at)
    ends, below = _line_under(desk, hand, (x, y, w, h))
    ink, line_px = print_ink(desk), _line_px(desk, hand)
    dash = line_px * float(rng.choice([0.5, 0.5, 3, 6]))
    pitch = dash + line_px * rng.uniform(1.5, 4)
    for start in np.arange(ends[0], ends[1], pitch):
        draw_line(desk, ink, [(start, below), (start + dash, below)], line_px)
    return ends[0], y, ends[1] - ends[0], max(h, below - y)


def _line_under(desk: Desk, hand: Hand, area: Area) -> tuple[tuple[float, float], float]:
    """From where to where a line under an area runs, and how low; digits reach below it now and then."""
    x, y, w, h = area
    left, right, below = desk.rng.uniform((0.1, 0.1, -0.1), (1, 2.5, 0.2)) * hand.height_px
    return (x - left, x + w + right), y + h + below


def _labelled(desk: Desk, hand: Hand, text: str, at: Spot) -> Area:
    """A printed label before, above or below, and a line, a box or nothing around."""
    rng, height = desk.rng, hand.height_px
    x, y, w, h = [_plain, _line, _bordered][rng.integers(3)](desk, hand, text, at)
    name = word(rng) + str(rng.choice(["", ":", " " + word(rng)]))
    size = height * rng.uniform(0.35, 0.9)
    drawn = print_face(desk, size).draw(name)
    gap = height * rng.uniform(0.15, 0.5)
    wide, high = float(drawn.ink.shape[1]), float(drawn.ink.shape[0])
    place = rng.choice(["before", "above", "below"], p=[0.5, 0.25, 0.25])
    if place == "before":
        spot = x - gap - wide, at[1] - drawn.ascent_px
    else:
        spot = x, y - gap - high if place == "above" else y + h + gap
    desk.page.stamp(drawn.ink, spot, print_ink(desk))
    part = Box(*(round(v) for v in (*spot, wide, high)))
    return union([Box(*(round(v) for v in (x, y, w, h))), part])


SURROUNDS: dict[str, Callable[[Desk, Hand, str, Spot], Area]] = {
    "plain": _plain,
    "bordered": _bordered,
    "boxes": _boxes,
    "comb": _comb,
    "line": _line,
    "dotted": _dotted,
    "labelled": _labelled,
    "one digit": _plain,
}
"""What stands around the digits."""


def _line_px(desk: Desk, hand: Hand) -> float:
    """How thick printed lines are."""
    return float(hand.height_px * desk.rng.uniform(0.02, 0.09))


def _crop(rng: np.random.Generator, page: Page, area: Area, height_px: float, *, tight: bool) -> Box:
    """What is cut out around an area; it goes through borders now and then, but not through digits."""
    x, y, w, h = area
    low, high = (0.02, 0.2) if tight else (-0.06, 0.5)
    left, top, right, bottom = rng.uniform(low, high, 4) * height_px
    marks = np.concatenate([mark.outline for mark in page.marks])
    (ink_x, ink_y), (ink_right, ink_bottom) = marks.min(axis=0), marks.max(axis=0)
    margin = 0.04 * height_px
    x0, y0 = min(x - left, ink_x - margin), min(y - top, ink_y - margin)
    x1, y1 = max(x + w + right, ink_right + margin), max(y + h + bottom, ink_bottom + margin)
    x0, y0 = max(0, round(x0)), max(0, round(y0))
    return Box(x0, y0, min(page.w, round(x1)) - x0, min(page.h, round(y1)) - y0)


def _take(rng: np.random.Generator, page: Page, crop: Box, factor: int, medium: str) -> Scene:
    """The picture of a part of the page, reduced, by a scanner or a camera."""
    size = max(1, round(crop.w / factor)), max(1, round(crop.h / factor))
    turn = cv2.getRotationMatrix2D(crop.centre, float(np.clip(rng.normal(0, 1.5), -4, 4)) * (medium == "photo"), 1.0)
    turn[:, 2] -= crop.x, crop.y
    seen = cv2.warpAffine(page.image, turn, (crop.w, crop.h), borderMode=cv2.BORDER_REPLICATE)
    seen = np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), np.uint8)
    scale = np.diag([size[0] / crop.w, size[1] / crop.h, 1.0])
    view = View(size, (page.w, page.h), scale @ np.vstack([turn, [0, 0, 1]]), (0.0, 0.0, 0.0))
    return page.show(view, _MEDIA[medium](rng, np.asarray(seen, np.uint8)))


_MEDIA = {
    "scan": scan,
    "black and white": black_and_white,
    "tinted": scan,
    "photo": snapshot,
    "negative": negative,
}
