"""Handwriting on a canvas: lines of digits and signs, cursive words, flourishes, rings, crosses, boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from agent.drawing.strokes import Stroke, catmull_rom, draw_strokes
from converters.data.scenes.canvas import InkStyle, Point, Rect
from converters.data.scenes.draft import SceneDraft, WriterPen
from converters.data.scenes.writer import write_digit, write_sign

AMBIGUOUS_SIGN = "/"
"""A sign that looks like a slanted 1. It is ignored in the ground truth."""

JOINED_ZEROS_SHARE = 0.08
"""Share of the texts in which adjacent zeros are joined by a stroke."""


def write_text(
    draft: SceneDraft, pen: WriterPen, text: str, at: Point, *, spacing: float = 0.12, slope: float = 0.0
) -> float:
    """Write digits and signs along a line.

    Args:
        draft: the scene.
        pen: the writer, their ink and the height of the digits.
        text: digits, signs and spaces.
        at: left end of the baseline.
        spacing: gap between two digits, in heights; digits touch below 0.
        slope: fall of the baseline per pixel.

    Returns:
        The x of the line's end.
    """
    rng, height = draft.rng, pen.height_px
    x, baseline = at
    joins = rng.random() < JOINED_ZEROS_SHARE
    last: Point | None = None
    for character in text:
        if joins and character == "0" and last:
            ahead = (x + 0.3 * height, last[1] + rng.normal(0.05, 0.04) * height)
            _draw_stroke(
                draft,
                pen,
                catmull_rom(np.array([last, ((last[0] + x) / 2, last[1] - rng.normal(0, 0.06) * height), ahead])),
            )
        last = None
        if character == " ":
            x += height * rng.uniform(0.4, 0.9)
            continue
        y = baseline + slope * (x - at[0]) + rng.normal(0, 0.04) * height
        if character.isdigit():
            ink = write_digit(rng, pen.writer, draft.digits, int(character), height)
            draft.canvas.draw_digit(int(character), ink, (x, y - ink.shape[0]), pen.ink)
            last = (x + 0.6 * ink.shape[1], y - rng.uniform(0.8, 1) * ink.shape[0]) if character == "0" else None
        else:
            ink, top = write_sign(rng, pen.writer, character, height)
            position = (x, y - height + top)
            if character == AMBIGUOUS_SIGN:
                draft.canvas.draw_digit(None, ink, position, pen.ink)
            else:
                draft.canvas.blend(ink, position, pen.ink)
        x += ink.shape[1] + height * max(-0.3, spacing + rng.normal(0, 0.05))
    return x


def write_in_cell(draft: SceneDraft, pen: WriterPen, label: int, rect: Rect) -> None:
    """Write one digit near the middle of a rectangle."""
    rng = draft.rng
    x, y, w, h = rect
    ink = write_digit(rng, pen.writer, draft.digits, label, pen.height_px)
    offset = rng.normal(0, 0.06, 2) * (w, h)
    position = (x + (w - ink.shape[1]) / 2 + offset[0], y + (h - ink.shape[0]) / 2 + offset[1])
    draft.canvas.draw_digit(label, ink, position, pen.ink)


def write_cursive(draft: SceneDraft, pen: WriterPen, at: Point) -> float:
    """Draw a cursive word of arches and loops on a baseline. Return the x of its end."""
    rng, height = draft.rng, pen.height_px
    letters = int(rng.integers(3, 10))
    turn = np.linspace(0, 2 * np.pi * letters, 16 * letters)
    heights = rng.choice([0.4, 0.45, 0.5, 0.55, 1.0], letters)
    rise = height * heights[np.minimum((turn / (2 * np.pi)).astype(int), letters - 1)] * (1 - np.cos(turn)) / 2
    advance, loop = height * rng.uniform(0.35, 0.6), height * rng.uniform(-0.05, 0.22)
    x = at[0] + advance * turn / (2 * np.pi) + loop * np.sin(turn) + pen.writer.slant * rise
    _draw_stroke(draft, pen, np.column_stack([x, at[1] - rise]))
    return float(x[-1])


def draw_flourish(draft: SceneDraft, pen: WriterPen, rect: Rect) -> None:
    """Draw a long smooth stroke inside a rectangle, as of a signature."""
    x, y, w, h = rect
    knots = draft.rng.uniform(0, 1, (int(draft.rng.integers(4, 12)), 2)) * (w, h) + (x, y)
    _draw_stroke(draft, pen, catmull_rom(catmull_rom(knots)))


def draw_ring(draft: SceneDraft, pen: WriterPen, rect: Rect) -> None:
    """Draw a ring around a rectangle. Its ends do not meet exactly."""
    rng = draft.rng
    x, y, w, h = rect
    turn = np.linspace(0, 2 * np.pi * rng.uniform(0.9, 1.1), 24) + rng.uniform(0, 6)
    reach = rng.uniform(0.65, 0.8) * np.linspace(1, rng.uniform(0.9, 1.1), 24)
    _draw_stroke(
        draft, pen, np.column_stack([x + w * (0.5 + reach * np.cos(turn)), y + h * (0.5 + reach * np.sin(turn))])
    )


def strike_out(draft: SceneDraft, pen: WriterPen, rect: Rect, since: int) -> None:
    """Strike out the writing in a rectangle. Its digits are ignored in the ground truth.

    Args:
        draft: the scene.
        pen: the writer and their ink.
        rect: the rectangle of the writing.
        since: index of the first annotation of the writing; all from there on are ignored.
    """
    rng = draft.rng
    x, y, w, h = rect
    for height in rng.uniform(0.3, 0.7, int(rng.integers(1, 4))):
        rise = rng.normal(0, 0.15) * h
        draw_polyline(draft, pen.ink, [(x, y + height * h - rise), (x + w, y + height * h + rise)], pen.width_px)
    draft.canvas.annotations[since:] = [
        replace(annotation, label=None) for annotation in draft.canvas.annotations[since:]
    ]


def draw_cross(draft: SceneDraft, pen: WriterPen, rect: Rect) -> None:
    """Draw a cross, as in a check box."""
    x, y, w, h = rect
    a, b, c, d = draft.rng.normal(0, 0.08, (4, 2)) * (w, h)
    draw_polyline(draft, pen.ink, [(x + a[0], y + a[1]), (x + w + b[0], y + h + b[1])], pen.width_px)
    draw_polyline(draft, pen.ink, [(x + w + c[0], y + c[1]), (x + d[0], y + h + d[1])], pen.width_px)


def draw_box(draft: SceneDraft, ink: InkStyle, rect: Rect, width_px: float) -> None:
    """Draw the outline of a rectangle."""
    x, y, w, h = rect
    draw_polyline(draft, ink, [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)], width_px)


def draw_polyline(draft: SceneDraft, ink: InkStyle, points: Sequence[Point], width_px: float) -> None:
    """Draw straight lines from point to point."""
    drawn, corner = draw_strokes(draft.rng, [np.array(points, np.float64)], width_px)
    draft.canvas.blend(drawn, corner, ink)


def _draw_stroke(draft: SceneDraft, pen: WriterPen, path: Stroke) -> None:
    """Draw one stroke with the writer's pen."""
    ink, corner = draw_strokes(draft.rng, [path], pen.width_px, pen.writer.pressure)
    draft.canvas.blend(ink, corner, pen.ink)
