"""Rendered form fields: small images of one field, with varied print around the digits, digit size and capture medium.

A field is drawn at several times its size and then scaled down, as a scanner or a camera samples it: digits of 12
pixels are blurred, not drawn with a pen of one pixel. The crop may cut through borders and labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from agent.vision.box import Box, union
from converters.data.labelled import LabelledImages
from converters.data.scenes.backgrounds import apply_shade, blank_canvas
from converters.data.scenes.canvas import Canvas, Point, Rect, Scene
from converters.data.scenes.degradation import binarized_scan, field_photo, negative_scan, scan
from converters.data.scenes.draft import SceneDraft, WriterPen, random_pen
from converters.data.scenes.fonts import Fonts
from converters.data.scenes.projection import Projection
from converters.data.scenes.text import draw_text, printed_face, random_print_ink, random_word
from converters.data.scenes.writing import AMBIGUOUS_SIGN, draw_box, draw_polyline, write_in_cell, write_text

MIN_DRAWN_PX = 48
"""Smallest height, in pixels, at which digits are drawn before they are scaled down."""
TINTS = ((170, 235, 250), (215, 215, 250), (205, 240, 215), (250, 235, 210))
"""Colours of form paper, BGR: yellow, pink, green, blue."""
SIZES = {"tiny": (12, 16), "small": (16, 26), "large": (26, 42)}
"""Range of digit heights in the image for each size, in pixels."""
SEPARATORS = ("none", "point", "date")
"""What separates the digits: nothing, a decimal point or comma, or the signs of a date."""
MEDIA = ("scan", "black and white", "tinted", "photo", "negative")
"""Capture media: how the paper becomes an image."""


@dataclass(frozen=True)
class FieldStyle:
    """How a form field looks."""

    surround: str
    """What is printed around the digits: one of `SURROUNDS`."""
    size: str
    """Size of the digits: one of `SIZES`."""
    separator: str
    """What separates the digits: one of `SEPARATORS`."""
    medium: str
    """How the paper becomes an image: one of `MEDIA`."""


class Cell(NamedTuple):
    """A printed cell for one digit."""

    w: float
    h: float
    gap: float
    """Gap to the next cell, in pixels."""
    draw: Callable[[float, float], None]
    """Draws the cell with its top left corner at x, y."""


@dataclass(frozen=True, eq=False)
class FormField:
    """A rendered form field and its text."""

    style: FieldStyle
    text: str
    """The digits from left to right."""
    written: str
    """The digits with the separators between them."""
    scene: Scene


def draw_field(
    rng: np.random.Generator, style: FieldStyle, digits: LabelledImages, fonts: Fonts | None = None
) -> FormField:
    """Draw a form field. It is drawn again until all its digits are readable.

    Args:
        rng: random generator; the same state gives the same field.
        style: how the field looks.
        digits: glyphs to draw handwritten digits from; held out of training for an evaluation.
        fonts: fonts to draw text with; None takes OpenCV's Hershey fonts.
    """
    while True:
        text = _random_text(rng, style)
        scene = _draw(rng, style, text, digits, fonts or Fonts())
        digits_text = "".join(c for c in text if c.isdigit())
        readable = "".join(str(label) for label, _ in scene.digits)
        if readable == digits_text and len(scene.ignored) <= text.count(AMBIGUOUS_SIGN):
            return FormField(style, digits_text, text, scene)


def random_field_style(rng: np.random.Generator) -> FieldStyle:
    """Return a random style."""
    surround, size, separator, medium = (
        str(rng.choice(list(names))) for names in (SURROUNDS, SIZES, SEPARATORS, MEDIA)
    )
    return FieldStyle(surround, size, separator, medium)


def _random_text(rng: np.random.Generator, style: FieldStyle) -> str:
    """Return random digits with the separators of a style."""
    if style.surround == "one digit":
        return str(rng.integers(10))
    if style.separator == "date":
        day, month, year = rng.integers(1, 32), rng.integers(1, 13), rng.integers(1950, 2030)
        sign = str(rng.choice(list("/-.")))
        return sign.join([f"{day:02d}", f"{month:02d}", f"{year}" if rng.random() < 0.6 else f"{year % 100:02d}"])
    text = "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(1, 11))))
    if style.separator == "point" and len(text) > 1:
        cut = int(rng.integers(1, len(text)))
        return text[:cut] + str(rng.choice(list(".,"))) + text[cut:]
    return text


def _draw(rng: np.random.Generator, style: FieldStyle, text: str, digits: LabelledImages, fonts: Fonts) -> Scene:
    """Draw a text in a style, and return the scene of its capture."""
    height = float(rng.uniform(*SIZES[style.size]))
    factor = max(1, round(MIN_DRAWN_PX / height))
    drawn_px = height * factor
    size = round(drawn_px * (2.2 * len(text) + 14)), round(8 * drawn_px)
    canvas = blank_canvas(rng, size, dark=False)
    if style.medium == "tinted":
        apply_shade(canvas, np.full((canvas.h, canvas.w), 0.85, np.float32), np.array(rng.choice(TINTS), np.float32))
    draft = SceneDraft(canvas, digits, fonts, dark=False)
    pen = random_pen(draft, drawn_px)
    while style.medium == "black and white" and pen.ink.opacity < 0.7:  # fainter ink would vanish
        pen = random_pen(draft, drawn_px)
    position = 5 * drawn_px, 4 * drawn_px
    around = SURROUNDS[style.surround](draft, pen, text, position)
    return _capture(
        rng, canvas, _crop(rng, canvas, around, drawn_px, tight=style.surround == "one digit"), factor, style.medium
    )


def _plain(draft: SceneDraft, pen: WriterPen, text: str, at: Point) -> Rect:
    """Write the text without print around it. Return the rectangle of the writing."""
    since, height = len(draft.canvas.annotations), pen.height_px
    end = write_text(draft, pen, text, at, spacing=float(draft.rng.choice([0.0, 0.1, 0.2, 0.4])))
    outlines = np.concatenate([annotation.outline for annotation in draft.canvas.annotations[since:]])
    top, bottom = outlines[:, 1].min(), max(outlines[:, 1].max(), at[1])
    return at[0], float(top), max(end - at[0], 0.4 * height), float(bottom - top)


def _bordered(draft: SceneDraft, pen: WriterPen, text: str, at: Point) -> Rect:
    """Write the text in one printed box and return the box. The digits may touch or cross its lines."""
    x, y, w, h = _plain(draft, pen, text, at)
    left, above, right, below = draft.rng.uniform((0.1, -0.02, 0.1, -0.02), (0.8, 0.35, 2.5, 0.35)) * pen.height_px
    rect = x - left, y - above, w + left + right, h + above + below
    draw_box(draft, random_print_ink(draft), rect, _line_px(draft, pen))
    return rect


def _boxes(draft: SceneDraft, pen: WriterPen, text: str, at: Point) -> Rect:
    """Write each digit in a printed box of its own, with or without gaps. Return the rectangle of all boxes."""
    rng, height = draft.rng, pen.height_px
    w, h = height * rng.uniform(0.85, 1.3), height * rng.uniform(1.15, 1.6)
    gap = w * float(rng.choice([0, 0, 0.15, 0.3]))
    ink, line_px = random_print_ink(draft), _line_px(draft, pen)

    def box(x: float, y: float) -> None:
        draw_box(draft, ink, (x, y, w, h), line_px)

    return _fill_cells(draft, pen, text, at, Cell(w, h, gap, box))


def _comb(draft: SceneDraft, pen: WriterPen, text: str, at: Point) -> Rect:
    """Write the digits in a comb: a base line with short ticks between the digits, at times in a box."""
    rng, height = draft.rng, pen.height_px
    w, h = height * rng.uniform(0.85, 1.3), height * rng.uniform(1.15, 1.5)
    tick = h * rng.uniform(0.15, 0.5)
    ink, line_px = random_print_ink(draft), _line_px(draft, pen)

    def teeth(x: float, y: float) -> None:
        draw_polyline(draft, ink, [(x, y + h - tick), (x, y + h), (x + w, y + h), (x + w, y + h - tick)], line_px)

    rect = _fill_cells(draft, pen, text, at, Cell(w, h, 0.0, teeth))
    if rng.random() < 0.4:
        draw_box(draft, ink, rect, line_px)
    return rect


def _fill_cells(draft: SceneDraft, pen: WriterPen, text: str, at: Point, cell: Cell) -> Rect:
    """Write each digit in a cell and print the signs between them, after up to two empty cells."""
    (x, baseline), (w, h, gap, draw), rng = at, cell, draft.rng
    y, left = baseline - h, at[0]
    face, ink = printed_face(draft, 0.8 * pen.height_px), random_print_ink(draft)
    for sign in "_" * int(rng.choice([0, 0, 0, 1, 2])) + text:
        if sign.isdigit() or sign == "_":
            draw(x, y)
            if sign.isdigit():
                write_in_cell(draft, pen, int(sign), (x, y, w, h))
            x += w + gap
        else:
            x = draw_text(draft, face, sign, (x + 0.15 * w, y + 0.75 * h), ink) + 0.15 * w
    return left, y, x - gap - left, h


def _line(draft: SceneDraft, pen: WriterPen, text: str, at: Point) -> Rect:
    """Write the text on a printed line."""
    x, y, w, h = _plain(draft, pen, text, at)
    ends, below = _line_under(draft, pen, (x, y, w, h))
    draw_polyline(draft, random_print_ink(draft), [(ends[0], below), (ends[1], below)], _line_px(draft, pen))
    return ends[0], y, ends[1] - ends[0], max(h, below - y)


def _dotted(draft: SceneDraft, pen: WriterPen, text: str, at: Point) -> Rect:
    """Write the text on a printed line of dots or dashes."""
    rng = draft.rng
    x, y, w, h = _plain(draft, pen, text, at)
    ends, below = _line_under(draft, pen, (x, y, w, h))
    ink, line_px = random_print_ink(draft), _line_px(draft, pen)
    dash = line_px * float(rng.choice([0.5, 0.5, 3, 6]))
    pitch = dash + line_px * rng.uniform(1.5, 4)
    for start in np.arange(ends[0], ends[1], pitch):
        draw_polyline(draft, ink, [(start, below), (start + dash, below)], line_px)
    return ends[0], y, ends[1] - ends[0], max(h, below - y)


def _line_under(draft: SceneDraft, pen: WriterPen, rect: Rect) -> tuple[tuple[float, float], float]:
    """Return the left and right end and the y of a line under a rectangle; some digits reach below the line."""
    x, y, w, h = rect
    left, right, below = draft.rng.uniform((0.1, 0.1, -0.1), (1, 2.5, 0.2)) * pen.height_px
    return (x - left, x + w + right), y + h + below


def _labelled(draft: SceneDraft, pen: WriterPen, text: str, at: Point) -> Rect:
    """Write the text plainly, on a line or in a box, and print a label before, above or below it."""
    rng, height = draft.rng, pen.height_px
    x, y, w, h = [_plain, _line, _bordered][rng.integers(3)](draft, pen, text, at)
    name = random_word(rng) + str(rng.choice(["", ":", " " + random_word(rng)]))
    size = height * rng.uniform(0.35, 0.9)
    drawn = printed_face(draft, size).draw(name)
    gap = height * rng.uniform(0.15, 0.5)
    wide, high = float(drawn.ink.shape[1]), float(drawn.ink.shape[0])
    place = rng.choice(["before", "above", "below"], p=[0.5, 0.25, 0.25])
    if place == "before":
        position = x - gap - wide, at[1] - drawn.ascent_px
    else:
        position = x, y - gap - high if place == "above" else y + h + gap
    draft.canvas.blend(drawn.ink, position, random_print_ink(draft))
    part = Box(*(round(v) for v in (*position, wide, high)))
    return union([Box(*(round(v) for v in (x, y, w, h))), part])


SURROUNDS: dict[str, Callable[[SceneDraft, WriterPen, str, Point], Rect]] = {
    "plain": _plain,
    "bordered": _bordered,
    "boxes": _boxes,
    "comb": _comb,
    "line": _line,
    "dotted": _dotted,
    "labelled": _labelled,
    "one digit": _plain,
}
"""Kinds of print around the digits. Each function draws the print and the digits and returns their rectangle."""


def _line_px(draft: SceneDraft, pen: WriterPen) -> float:
    """Return a random width of printed lines, in pixels."""
    return float(pen.height_px * draft.rng.uniform(0.02, 0.09))


def _crop(rng: np.random.Generator, canvas: Canvas, rect: Rect, height_px: float, *, tight: bool) -> Box:
    """Return a random crop around a rectangle. It may cut through borders, but not through digits."""
    x, y, w, h = rect
    low, high = (0.02, 0.2) if tight else (-0.06, 0.5)
    left, top, right, bottom = rng.uniform(low, high, 4) * height_px
    outlines = np.concatenate([annotation.outline for annotation in canvas.annotations])
    (ink_x, ink_y), (ink_right, ink_bottom) = outlines.min(axis=0), outlines.max(axis=0)
    margin = 0.04 * height_px
    x0, y0 = min(x - left, ink_x - margin), min(y - top, ink_y - margin)
    x1, y1 = max(x + w + right, ink_right + margin), max(y + h + bottom, ink_bottom + margin)
    x0, y0 = max(0, round(x0)), max(0, round(y0))
    return Box(x0, y0, min(canvas.w, round(x1)) - x0, min(canvas.h, round(y1)) - y0)


def _capture(rng: np.random.Generator, canvas: Canvas, crop: Box, factor: int, medium: str) -> Scene:
    """Return the scene of a crop of the canvas, scaled down by a factor and captured through a medium."""
    size = max(1, round(crop.w / factor)), max(1, round(crop.h / factor))
    turn = cv2.getRotationMatrix2D(crop.centre, float(np.clip(rng.normal(0, 1.5), -4, 4)) * (medium == "photo"), 1.0)
    turn[:, 2] -= crop.x, crop.y
    image = cv2.warpAffine(canvas.image, turn, (crop.w, crop.h), borderMode=cv2.BORDER_REPLICATE)
    image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    scale = np.diag([size[0] / crop.w, size[1] / crop.h, 1.0])
    projection = Projection(size, (canvas.w, canvas.h), scale @ np.vstack([turn, [0, 0, 1]]), (0.0, 0.0, 0.0))
    return canvas.to_scene(projection, _CAPTURES[medium](rng, np.asarray(image, np.uint8)))


_CAPTURES = {
    "scan": scan,
    "black and white": binarized_scan,
    "tinted": scan,
    "photo": field_photo,
    "negative": negative_scan,
}
