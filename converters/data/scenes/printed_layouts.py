"""Layouts of handwriting in print: sudoku grids, forms, tables."""

from __future__ import annotations

import numpy as np

from converters.data.scenes.backgrounds import draw_security_print
from converters.data.scenes.canvas import InkStyle, Point, Rect
from converters.data.scenes.draft import SceneDraft, WriterPen, random_height, random_ink, random_pen
from converters.data.scenes.fonts import Face
from converters.data.scenes.text import (
    draw_text,
    handwritten_face,
    printed_face,
    random_number,
    random_print_ink,
    random_word,
)
from converters.data.scenes.writing import draw_box, draw_cross, draw_polyline, write_in_cell, write_text

_FIELDS = {"boxes": 0.34, "comb": 0.14, "line": 0.16, "ticks": 0.12, "word": 0.08, "single": 0.16}


def draw_grid(draft: SceneDraft) -> None:
    """Draw a part of a sudoku or a squared table, with printed and handwritten digits in its cells."""
    rng, canvas = draft.rng, draft.canvas
    cell = float(np.exp(rng.uniform(np.log(max(22, min(canvas.w, canvas.h) / 14)), np.log(90))))
    pen = random_pen(draft, cell * rng.uniform(0.45, 0.8))
    printed, ink = printed_face(draft, cell * rng.uniform(0.4, 0.65)), random_print_ink(draft)
    left, top = (rng.uniform(-0.5 * cell, max(0.6 * cell, side - 9 * cell)) for side in (canvas.w, canvas.h))
    columns, rows = int(min(9, (canvas.w - left) / cell + 1)), int(min(9, (canvas.h - top) / cell + 1))
    _rule_grid(draft, ink, (left, top, columns * cell, rows * cell), cell)
    kinds = rng.choice(3, (rows, columns), p=rng.dirichlet([2, 2, 2.5]))  # printed, handwritten, empty
    for (row, column), kind in np.ndenumerate(kinds):
        rect = (left + column * cell, top + row * cell, cell, cell)
        label = int(rng.integers(1, 10)) if rng.random() < 0.85 else 0
        if kind == 0:
            _print_in_cell(draft, printed, label, rect, ink)
        elif kind == 1:
            write_in_cell(draft, pen, label, rect)
    if rng.random() < 0.4:
        draw_text(
            draft,
            printed_face(draft, 0.4 * cell),
            f"{random_word(rng)} {random_number(rng)}",
            (left, top - 0.3 * cell),
            ink,
        )
    if rng.random() < 0.3:
        _label_columns(draft, (left, top + rows * cell, columns * cell, cell), columns)


def _label_columns(draft: SceneDraft, rect: Rect, columns: int) -> None:
    """Print a number under each column. It is a label, so it is not part of the ground truth."""
    rng, ink = draft.rng, random_print_ink(draft)
    x, y, w, h = rect
    face = printed_face(draft, h * rng.uniform(0.3, 0.6))
    baseline = y + h * rng.uniform(0.6, 1.3)
    for i in range(columns):
        draw_text(draft, face, str(rng.integers(10)), (x + (i + rng.uniform(0.3, 0.45)) * w / columns, baseline), ink)


def _rule_grid(draft: SceneDraft, ink: InkStyle, rect: Rect, cell: float) -> None:
    """Draw the lines of a grid, every third one thick."""
    x, y, w, h = rect
    thin = draft.rng.uniform(1, 2)
    thick = draft.rng.uniform(2, 5) if draft.rng.random() < 0.8 else thin
    begin = int(draft.rng.integers(3))
    for i, along in enumerate(np.arange(0, w + cell / 2, cell)):
        draw_polyline(draft, ink, [(x + along, y), (x + along, y + h)], thin if (i + begin) % 3 else thick)
    for i, along in enumerate(np.arange(0, h + cell / 2, cell)):
        draw_polyline(draft, ink, [(x, y + along), (x + w, y + along)], thin if (i + begin) % 3 else thick)


def _print_in_cell(draft: SceneDraft, face: Face, label: int, rect: Rect, ink: InkStyle) -> None:
    """Print a digit in the middle of its cell. It is part of the ground truth: a sudoku reader needs it."""
    drawn = face.draw(str(label)).ink
    x, y, w, h = rect
    draft.canvas.draw_digit(label, drawn, (x + (w - drawn.shape[1]) / 2, y + (h - drawn.shape[0]) / 2), ink)


def draw_form(draft: SceneDraft) -> None:
    """Draw the fields of a form with printed labels: boxes, combs, lines, check boxes."""
    rng, canvas = draft.rng, draft.canvas
    height = random_height(draft, 45) if rng.random() < 0.6 else rng.uniform(11, 18)
    pen = random_pen(draft, height)
    face, words, ink = (
        printed_face(draft, max(6.0, height * rng.uniform(0.35, 0.9))),
        handwritten_face(draft, height),
        random_print_ink(draft),
    )
    if rng.random() < 0.15:
        draw_security_print(canvas)
    y = rng.uniform(0.2, 1) * height
    while y < canvas.h and not canvas.is_full:
        x = rng.uniform(0, 0.5) * height
        while x < canvas.w - height:
            if rng.random() < 0.6:
                text = random_word(rng) + str(rng.choice(["", ":", f" {random_number(rng, 1)}."]))
                x = draw_text(draft, face, text, (x, y + 1.2 * height), ink) + 0.4 * height
            kind = str(rng.choice(list(_FIELDS), p=list(_FIELDS.values())))
            if kind == "line":
                x = _fill_line(draft, pen, (x, y + 1.3 * height), ink)
            elif kind == "word":
                x = draw_text(draft, words, random_word(rng), (x, y + 1.2 * height), pen.ink)
            else:
                x = _fill_boxes(draft, pen if rng.random() < 0.7 else random_pen(draft, height), (x, y), kind)
            x += height * rng.uniform(0.5, 2.5)
        y += height * rng.uniform(1.8, 3)


def _fill_line(draft: SceneDraft, pen: WriterPen, at: Point, ink: InkStyle) -> float:
    """Write a number on a printed line. Return the x of the line's end."""
    x, y = at
    above = pen.height_px * draft.rng.uniform(-0.05, 0.15)
    end = write_text(
        draft, pen, random_number(draft.rng), (x + 0.3 * pen.height_px, y - above), spacing=draft.rng.uniform(0, 0.3)
    )
    end += draft.rng.uniform(0, 2) * pen.height_px
    draw_polyline(draft, ink, [(x, y), (end, y)], draft.rng.uniform(1, 2))
    return end


def _fill_boxes(draft: SceneDraft, pen: WriterPen, at: Point, kind: str) -> float:
    """Draw a row of boxes with a digit in most of them, or check boxes. Return the x of the row's end."""
    rng, height = draft.rng, pen.height_px
    x, y = at
    ink = random_print_ink(draft) if rng.random() < 0.7 else random_ink(draft)
    w, h = height * rng.uniform(0.85, 1.5), height * rng.uniform(1.2, 1.6)
    gap = w * float(rng.choice([0, 0, 0.15, 0.4]))
    width_px, fill = max(1.0, height * rng.uniform(0.02, 0.08)), rng.uniform(0.5, 1)
    for _ in range(1 if kind == "single" else int(rng.integers(2, 9))):
        if kind == "comb":
            low = y + h * rng.uniform(0.5, 0.7)
            draw_polyline(draft, ink, [(x, low), (x, y + h), (x + w, y + h), (x + w, low)], width_px)
        else:
            draw_box(draft, ink, (x, y, w, h), width_px)
        if rng.random() < fill:
            if kind != "ticks":
                write_in_cell(draft, pen, int(rng.integers(10)), (x, y, w, h))
            elif rng.random() < 0.7:
                draw_cross(draft, pen, (x + 0.15 * w, y + 0.15 * h, 0.7 * w, 0.7 * h))
            else:
                write_text(draft, pen, "v", (x + 0.2 * w, y + 0.8 * h))
        x += w + gap
    return x


def draw_table(draft: SceneDraft) -> None:
    """Draw a table or a score sheet: names, and numbers in columns."""
    rng, canvas = draft.rng, draft.canvas
    height = random_height(draft, 45)
    pen, ink = random_pen(draft, height), random_print_ink(draft)
    row_h, column_w = height * rng.uniform(1.3, 2), height * rng.uniform(1.8, 5)
    face = printed_face(draft, 0.6 * height) if rng.random() < 0.5 else handwritten_face(draft, 0.9 * height)
    width_px, spacing = rng.uniform(0.7, 2.5), rng.uniform(-0.05, 0.3)
    longest = int(np.clip(column_w / height / (0.8 + spacing), 1, 4))
    columns = np.arange(rng.uniform(1, 2) * column_w, canvas.w, column_w)
    for x in columns:
        draw_polyline(draft, ink, [(x, 0), (x, canvas.h)], width_px)
    for y in np.arange(row_h, canvas.h + row_h, row_h):
        draw_polyline(draft, ink, [(0, y), (canvas.w, y)], width_px)
        draw_text(draft, face, random_word(rng), (rng.uniform(2, 10), y - 0.25 * row_h), ink)
        for x in columns[rng.random(len(columns)) < 0.75]:
            text = random_number(rng, int(rng.integers(1, longest + 1))) if rng.random() < 0.9 else "-"
            at = (x + rng.uniform(0.1, 0.3) * height, y - rng.uniform(0.1, 0.3) * (row_h - height) - 1)
            write_text(draft, pen, text, at, spacing=spacing)
        if canvas.is_full:
            return
