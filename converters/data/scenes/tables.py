"""Writing in print: sudokus, form fields, tables."""

from __future__ import annotations

import numpy as np

from converters.data.scenes.desk import (
    Desk,
    choose_height,
    choose_ink,
    cross_out,
    frame,
    hand_face,
    letter,
    line,
    number,
    print_face,
    print_ink,
    take_pen,
    word,
    write_text,
)
from converters.data.scenes.lettering import Face
from converters.data.scenes.page import Ink, Page
from converters.data.scenes.paper import print_security
from converters.data.scenes.writer import write_digit

ENOUGH = 60
"""No more digits than about that on a sheet."""


def fill_grid(rng: np.random.Generator, page: Page, desk: Desk) -> None:
    """A part of a sudoku or a squared table, printed and handwritten digits in its cells."""
    cell = float(np.exp(rng.uniform(np.log(22), np.log(90))))
    hand = take_pen(rng, page, desk, cell * rng.uniform(0.45, 0.8))
    printed, rules = print_face(rng, desk, cell * rng.uniform(0.4, 0.65)), print_ink(rng, desk)
    left, top = rng.uniform(-0.5, 0.6, 2) * cell
    columns, rows = int(min(9, (page.w - left) / cell + 1)), int(min(9, (page.h - top) / cell + 1))
    _rule_grid(rng, page, rules, (left, top, cell), (columns, rows))
    shares = rng.dirichlet([2, 1.5, 2.5])  # printed, handwritten, empty
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * cell, top + row * cell
            kind = rng.choice(3, p=shares)
            label = int(rng.integers(1, 10)) if rng.random() < 0.85 else 0
            if kind == 0:
                _print_digit(rng, page, printed, label, (x, y, cell), rules)
            elif kind == 1:
                ink = write_digit(rng, hand.writer, desk.digits, label, hand.height_px)
                middle = np.array([x + cell / 2, y + cell / 2]) + rng.normal(0, 0.06, 2) * cell
                page.write(rng, label, ink, middle[0] - ink.shape[1] / 2, middle[1] - ink.shape[0] / 2, hand.ink)
    if rng.random() < 0.4:
        letter(
            rng, page, print_face(rng, desk, cell * 0.4), f"{word(rng)} {number(rng)}", (left, top - 0.3 * cell), rules
        )


def _rule_grid(
    rng: np.random.Generator, page: Page, ink: Ink, at: tuple[float, float, float], count: tuple[int, int]
) -> None:
    """Lines of a grid, every third thick."""
    left, top, cell = at
    right, bottom = left + count[0] * cell, top + count[1] * cell
    thin, thick = rng.uniform(1, 2), rng.uniform(2, 5) if rng.random() < 0.8 else 1.5
    begin = int(rng.integers(3))
    for i in range(count[0] + 1):
        x = left + i * cell
        line(rng, page, ink, [(x, top), (x, bottom)], thick if (i + begin) % 3 == 0 else thin)
    for i in range(count[1] + 1):
        y = top + i * cell
        line(rng, page, ink, [(left, y), (right, y)], thick if (i + begin) % 3 == 0 else thin)


def _print_digit(
    rng: np.random.Generator, page: Page, face: Face, label: int, cell: tuple[float, float, float], ink: Ink
) -> None:
    """A printed digit in the middle of its cell, about which nothing is said."""
    drawn = face.draw(str(label)).ink
    x, y, size = cell
    page.write(rng, None, drawn, x + (size - drawn.shape[1]) / 2, y + (size - drawn.shape[0]) / 2, ink)


def fill_form(rng: np.random.Generator, page: Page, desk: Desk) -> None:
    """Fields of a form: a box for each digit, combs, underlines, boxes to tick; printed labels."""
    height = choose_height(rng, page, 12, 45)
    hand = take_pen(rng, page, desk, height)
    hand_words = hand_face(rng, desk, height)
    label_px = max(6.0, height * rng.uniform(0.35, 0.9))
    face, ink = print_face(rng, desk, label_px), print_ink(rng, desk)
    if rng.random() < 0.15:
        print_security(rng, page)
    y = rng.uniform(0.2, 1) * height
    while y < page.h and len(page.marks) < ENOUGH:
        x = rng.uniform(0, 0.5) * height
        while x < page.w - height:
            if rng.random() < 0.6:
                text = f"{word(rng)}{rng.choice(['', ':', ' ' + number(rng, 1) + '.'])}"
                x += letter(rng, page, face, text, (x, y + height * 1.2), ink)[0] + 0.4 * height
            field = rng.choice(
                ["boxes", "comb", "line", "ticks", "word", "single"], p=[0.34, 0.14, 0.16, 0.12, 0.08, 0.16]
            )
            if field == "line":
                text = number(rng)
                end = write_text(
                    rng, page, desk, hand, text, (x + 0.3 * height, y + 1.25 * height), spacing=rng.uniform(0, 0.3)
                )
                line(rng, page, ink, [(x, y + 1.35 * height), (end + height, y + 1.35 * height)], rng.uniform(1, 2))
                x = end + height
            elif field == "word":
                x += letter(rng, page, hand_words, word(rng), (x, y + 1.2 * height), hand.ink)[0]
            else:
                count = 1 if field == "single" else int(rng.integers(2, 9))
                x = _fill_boxes(rng, page, desk, (x, y), count, str(field), height)
            x += height * rng.uniform(0.5, 2.5)
        y += height * rng.uniform(1.8, 3)


def _fill_boxes(
    rng: np.random.Generator, page: Page, desk: Desk, at: tuple[float, float], count: int, kind: str, height: float
) -> float:
    """A row of boxes with a digit in most of them, or crosses and ticks; where it ends."""
    x, y = at
    hand = take_pen(rng, page, desk, height)
    rules = print_ink(rng, desk) if rng.random() < 0.7 else choose_ink(rng, dark=desk.dark)
    w, h = height * rng.uniform(0.85, 1.5), height * rng.uniform(1.2, 1.6)
    gap = float(rng.choice([0, 0, 0.15, 0.4])) * w
    width = max(1, round(height * rng.uniform(0.02, 0.08)))
    fill = rng.uniform(0.5, 1)
    for _ in range(count):
        if kind == "comb":
            low = y + h * rng.uniform(0.5, 0.7)
            line(rng, page, rules, [(x, low), (x, y + h), (x + w, y + h), (x + w, low)], width)
        else:
            page.stamp(rng, *frame((x, y, w, h), width), rules)
        if rng.random() < fill:
            if kind == "ticks" and rng.random() < 0.7:
                cross_out(
                    rng,
                    page,
                    hand.ink,
                    (x + 0.15 * w, y + 0.15 * h, 0.7 * w, 0.7 * h),
                    max(1.0, hand.writer.pen * height),
                )
            elif kind == "ticks":
                write_text(rng, page, desk, hand, "v", (x + 0.2 * w, y + 0.8 * h))
            else:
                label = int(rng.integers(10))
                ink = write_digit(rng, hand.writer, desk.digits, label, height)
                middle = np.array([x + w / 2, y + h / 2]) + rng.normal(0, 0.07, 2) * (w, h)
                page.write(rng, label, ink, middle[0] - ink.shape[1] / 2, middle[1] - ink.shape[0] / 2, hand.ink)
        x += w + gap
    return x


def fill_table(rng: np.random.Generator, page: Page, desk: Desk) -> None:
    """A table or score sheet: names, numbers in columns, sums."""
    height = choose_height(rng, page, 12, 45)
    hand = take_pen(rng, page, desk, height)
    row_h, column_w = height * rng.uniform(1.3, 2), height * rng.uniform(1.8, 5)
    face = print_face(rng, desk, height * 0.6) if rng.random() < 0.5 else hand_face(rng, desk, height * 0.9)
    ink, first_w = print_ink(rng, desk), rng.uniform(1, 2) * column_w
    width, spacing = rng.uniform(0.7, 2.5), rng.uniform(-0.05, 0.3)
    for x in np.arange(first_w, page.w, column_w):
        line(rng, page, ink, [(x, 0), (x, page.h)], width)
    for y in np.arange(row_h, page.h + row_h, row_h):
        if len(page.marks) > ENOUGH:
            break
        line(rng, page, ink, [(0, y), (page.w, y)], width)
        letter(rng, page, face, word(rng), (rng.uniform(2, 10), y - 0.25 * row_h), ink)
        for x in np.arange(first_w, page.w, column_w):
            if rng.random() < 0.75:
                digits = int(np.clip(column_w / height / (0.7 + spacing), 1, 4))
                text = number(rng, int(rng.integers(1, digits + 1))) if rng.random() < 0.9 else "-"
                at = (x + rng.uniform(0.1, 0.3) * height, y - rng.uniform(0.1, 0.3) * (row_h - height) - 1)
                write_text(rng, page, desk, hand, text, at, spacing=spacing)
