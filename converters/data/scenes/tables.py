"""Writing in print: sudokus, form fields, tables."""

from __future__ import annotations

import numpy as np

from converters.data.scenes.desk import Desk, Hand, choose_height, choose_ink, take_pen
from converters.data.scenes.lettering import Face
from converters.data.scenes.page import Area, Ink, Spot
from converters.data.scenes.paper import print_security
from converters.data.scenes.words import hand_face, letter, number, print_face, print_ink, word
from converters.data.scenes.writing import draw_box, draw_cross, draw_line, write_in_cell, write_text

_FIELDS = {"boxes": 0.34, "comb": 0.14, "line": 0.16, "ticks": 0.12, "word": 0.08, "single": 0.16}


def fill_grid(desk: Desk) -> None:
    """A part of a sudoku or a squared table, printed and handwritten digits in its cells."""
    rng, page = desk.rng, desk.page
    cell = float(np.exp(rng.uniform(np.log(max(22, min(page.w, page.h) / 14)), np.log(90))))
    hand = take_pen(desk, cell * rng.uniform(0.45, 0.8))
    printed, ink = print_face(desk, cell * rng.uniform(0.4, 0.65)), print_ink(desk)
    left, top = (rng.uniform(-0.5 * cell, max(0.6 * cell, side - 9 * cell)) for side in (page.w, page.h))
    columns, rows = int(min(9, (page.w - left) / cell + 1)), int(min(9, (page.h - top) / cell + 1))
    _rule_grid(desk, ink, (left, top, columns * cell, rows * cell), cell)
    kinds = rng.choice(3, (rows, columns), p=rng.dirichlet([2, 2, 2.5]))  # printed, handwritten, empty
    for (row, column), kind in np.ndenumerate(kinds):
        area = (left + column * cell, top + row * cell, cell, cell)
        label = int(rng.integers(1, 10)) if rng.random() < 0.85 else 0
        if kind == 0:
            _print_in_cell(desk, printed, label, area, ink)
        elif kind == 1:
            write_in_cell(desk, hand, label, area)
    if rng.random() < 0.4:
        letter(desk, print_face(desk, 0.4 * cell), f"{word(rng)} {number(rng)}", (left, top - 0.3 * cell), ink)
    if rng.random() < 0.3:
        _label_columns(desk, (left, top + rows * cell, columns * cell, cell), columns)


def _label_columns(desk: Desk, area: Area, columns: int) -> None:
    """A printed number under each column, in no cell: it labels, and is not what was entered."""
    rng, ink = desk.rng, print_ink(desk)
    x, y, w, h = area
    face = print_face(desk, h * rng.uniform(0.3, 0.6))
    baseline = y + h * rng.uniform(0.6, 1.3)
    for i in range(columns):
        letter(desk, face, str(rng.integers(10)), (x + (i + rng.uniform(0.3, 0.45)) * w / columns, baseline), ink)


def _rule_grid(desk: Desk, ink: Ink, area: Area, cell: float) -> None:
    """Lines of a grid, every third thick."""
    x, y, w, h = area
    thin = desk.rng.uniform(1, 2)
    thick = desk.rng.uniform(2, 5) if desk.rng.random() < 0.8 else thin
    begin = int(desk.rng.integers(3))
    for i, along in enumerate(np.arange(0, w + cell / 2, cell)):
        draw_line(desk, ink, [(x + along, y), (x + along, y + h)], thin if (i + begin) % 3 else thick)
    for i, along in enumerate(np.arange(0, h + cell / 2, cell)):
        draw_line(desk, ink, [(x, y + along), (x + w, y + along)], thin if (i + begin) % 3 else thick)


def _print_in_cell(desk: Desk, face: Face, label: int, area: Area, ink: Ink) -> None:
    """A printed digit in the middle of its cell: whoever reads a sudoku wants these, too."""
    drawn = face.draw(str(label)).ink
    x, y, w, h = area
    desk.page.write(label, drawn, (x + (w - drawn.shape[1]) / 2, y + (h - drawn.shape[0]) / 2), ink)


def fill_form(desk: Desk) -> None:
    """Fields of a form: a box for each digit, combs, underlines, boxes to tick; printed labels."""
    rng, page = desk.rng, desk.page
    height = choose_height(desk, 45) if rng.random() < 0.6 else rng.uniform(11, 18)
    hand = take_pen(desk, height)
    face, words, ink = (
        print_face(desk, max(6.0, height * rng.uniform(0.35, 0.9))),
        hand_face(desk, height),
        print_ink(desk),
    )
    if rng.random() < 0.15:
        print_security(page)
    y = rng.uniform(0.2, 1) * height
    while y < page.h and not page.is_full:
        x = rng.uniform(0, 0.5) * height
        while x < page.w - height:
            if rng.random() < 0.6:
                text = word(rng) + str(rng.choice(["", ":", f" {number(rng, 1)}."]))
                x = letter(desk, face, text, (x, y + 1.2 * height), ink) + 0.4 * height
            kind = str(rng.choice(list(_FIELDS), p=list(_FIELDS.values())))
            if kind == "line":
                x = _fill_line(desk, hand, (x, y + 1.3 * height), ink)
            elif kind == "word":
                x = letter(desk, words, word(rng), (x, y + 1.2 * height), hand.ink)
            else:
                x = _fill_boxes(desk, hand if rng.random() < 0.7 else take_pen(desk, height), (x, y), kind)
            x += height * rng.uniform(0.5, 2.5)
        y += height * rng.uniform(1.8, 3)


def _fill_line(desk: Desk, hand: Hand, at: Spot, ink: Ink) -> float:
    """A number on a printed line; where the line ends."""
    x, y = at
    above = hand.height_px * desk.rng.uniform(-0.05, 0.15)
    end = write_text(
        desk, hand, number(desk.rng), (x + 0.3 * hand.height_px, y - above), spacing=desk.rng.uniform(0, 0.3)
    )
    end += desk.rng.uniform(0, 2) * hand.height_px
    draw_line(desk, ink, [(x, y), (end, y)], desk.rng.uniform(1, 2))
    return end


def _fill_boxes(desk: Desk, hand: Hand, at: Spot, kind: str) -> float:
    """A row of boxes with a digit in most of them, or crosses and ticks; where it ends."""
    rng, height = desk.rng, hand.height_px
    x, y = at
    ink = print_ink(desk) if rng.random() < 0.7 else choose_ink(desk)
    w, h = height * rng.uniform(0.85, 1.5), height * rng.uniform(1.2, 1.6)
    gap = w * float(rng.choice([0, 0, 0.15, 0.4]))
    width_px, fill = max(1.0, height * rng.uniform(0.02, 0.08)), rng.uniform(0.5, 1)
    for _ in range(1 if kind == "single" else int(rng.integers(2, 9))):
        if kind == "comb":
            low = y + h * rng.uniform(0.5, 0.7)
            draw_line(desk, ink, [(x, low), (x, y + h), (x + w, y + h), (x + w, low)], width_px)
        else:
            draw_box(desk, ink, (x, y, w, h), width_px)
        if rng.random() < fill:
            if kind != "ticks":
                write_in_cell(desk, hand, int(rng.integers(10)), (x, y, w, h))
            elif rng.random() < 0.7:
                draw_cross(desk, hand, (x + 0.15 * w, y + 0.15 * h, 0.7 * w, 0.7 * h))
            else:
                write_text(desk, hand, "v", (x + 0.2 * w, y + 0.8 * h))
        x += w + gap
    return x


def fill_table(desk: Desk) -> None:
    """A table or score sheet: names, numbers in columns."""
    rng, page = desk.rng, desk.page
    height = choose_height(desk, 45)
    hand, ink = take_pen(desk, height), print_ink(desk)
    row_h, column_w = height * rng.uniform(1.3, 2), height * rng.uniform(1.8, 5)
    face = print_face(desk, 0.6 * height) if rng.random() < 0.5 else hand_face(desk, 0.9 * height)
    width_px, spacing = rng.uniform(0.7, 2.5), rng.uniform(-0.05, 0.3)
    longest = int(np.clip(column_w / height / (0.8 + spacing), 1, 4))
    columns = np.arange(rng.uniform(1, 2) * column_w, page.w, column_w)
    for x in columns:
        draw_line(desk, ink, [(x, 0), (x, page.h)], width_px)
    for y in np.arange(row_h, page.h + row_h, row_h):
        draw_line(desk, ink, [(0, y), (page.w, y)], width_px)
        letter(desk, face, word(rng), (rng.uniform(2, 10), y - 0.25 * row_h), ink)
        for x in columns[rng.random(len(columns)) < 0.75]:
            text = number(rng, int(rng.integers(1, longest + 1))) if rng.random() < 0.9 else "-"
            at = (x + rng.uniform(0.1, 0.3) * height, y - rng.uniform(0.1, 0.3) * (row_h - height) - 1)
            write_text(desk, hand, text, at, spacing=spacing)
        if page.is_full:
            return
