"""A blank form drawn from its TOML alone: boxes, labels and marks, as SVG to print or as pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from agent.forms.form import Area, Field, Form
from agent.forms.marks import CELLS, mark_areas, mark_cells
from agent.vision.pixels import Pixels
from profiles.errors import FormError

BOX_GREY = 168
"""Brightness of the boxes, 0 to 255: light enough to differ from writing, dark enough to be printed."""
LINE_HEIGHTS = 0.035
"""Width of a box's line, in heights of the field."""
LABEL_HEIGHTS = 0.38
"""Size of a label, in heights of its field."""
TITLE_SHARE = 1 / 28
"""Size of the title, as a share of the shorter side of the sheet."""


@dataclass(frozen=True)
class Bar:
    """A filled rectangle."""

    area: Area
    grey: int


@dataclass(frozen=True)
class Label:
    """A line of text: x of its left end, y of its baseline, and its size, in the units of the sheet."""

    text: str
    x: float
    y: float
    size: float


Shape = Bar | Label


def blank_shapes(form: Form) -> tuple[Shape, ...]:
    """Return everything that is printed on a blank form.

    Raises:
        FormError: the form has a picture instead of marks.
    """
    if form.marks is None:
        raise FormError(
            f"the form {form.name} has a picture, so it is printed already",
            advice="print its picture; a form with marks and a size instead of it can be drawn",
        )
    shapes: list[Shape] = []
    for place, area in enumerate(mark_areas(form.size)):
        cells, side = mark_cells(4 * form.marks + place), area.w / CELLS
        shapes += [
            Bar(Area(area.x + column * side, area.y + row * side, side, side), 0)
            for row, column in np.argwhere(cells == 0).tolist()
        ]
    left, size = mark_areas(form.size)[0], TITLE_SHARE * min(form.size)
    shapes.append(Label(form.title, left.right + size, left.bottom - size / 2, size))
    for field in form.fields:
        shapes += _field_shapes(field)
    return tuple(shapes)


def _field_shapes(field: Field) -> Iterator[Shape]:
    area, line = field.area, LINE_HEIGHTS * field.area.h
    size = LABEL_HEIGHTS * area.h
    yield Label(field.label or field.name, area.x, area.y - size / 3, size)
    for y in (area.y, area.bottom):
        yield Bar(Area(area.x - line / 2, y - line / 2, area.w + line, line), BOX_GREY)
    cells = field.max_digits if field.comb else 1
    for number in range(cells + 1):
        yield Bar(Area(area.x + number * area.w / cells - line / 2, area.y, line, area.h), BOX_GREY)
    if field.printed_point and field.comb:
        x, side = area.x + (cells - field.decimals) * area.w / cells, 3 * line
        yield Bar(Area(x - side / 2, area.bottom - side / 2, side, side), BOX_GREY)


def to_svg(form: Form) -> str:
    """Return a blank form as SVG. Its size is in millimetres.

    Raises:
        FormError: the form has a picture instead of marks.
    """
    width, height = form.size
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {width:g} {height:g}">',
        f"<title>{escape(form.title)}</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
    ]
    for shape in blank_shapes(form):
        match shape:
            case Bar(area, grey):
                x, y, w, h = (f"{value:.4g}" for value in area)
                parts.append(f'<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="#{grey:02x}{grey:02x}{grey:02x}"/>')
            case Label(text, x_, y_, size):
                place = f'x="{x_:.4g}" y="{y_:.4g}" font-size="{size:.3g}"'
                parts.append(f'<text {place} font-family="Helvetica, Arial, sans-serif">{escape(text)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def to_pixels(form: Form, px_per_unit: float) -> Pixels:
    """Return a blank form as BGR uint8 (H, W, 3).

    Raises:
        FormError: the form has a picture instead of marks.
    """
    width, height = (round(px_per_unit * side) for side in form.size)
    canvas = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(canvas)
    for shape in blank_shapes(form):
        match shape:
            case Bar(area, grey):
                corners = [round(px_per_unit * value) for value in (area.x, area.y, area.right, area.bottom)]
                draw.rectangle([*corners[:2], max(corners[0], corners[2] - 1), max(corners[1], corners[3] - 1)], grey)
            case Label(text, x, y, size):
                font = ImageFont.load_default(max(4.0, px_per_unit * size))
                draw.text((px_per_unit * x, px_per_unit * y), text, fill=0, font=font, anchor="ls")
    return np.repeat(np.asarray(canvas, np.uint8)[..., None], 3, axis=2)
