"""Layouts of free handwriting: notes, sums, amounts on cheques, and pages without digits."""

from __future__ import annotations

import numpy as np

from converters.data.scenes.backgrounds import draw_ruling, draw_security_print, draw_texture
from converters.data.scenes.draft import SceneDraft, WriterPen, random_height, random_pen
from converters.data.scenes.text import (
    draw_printed_lines,
    draw_text,
    handwritten_face,
    random_number,
    random_signs,
    random_word,
)
from converters.data.scenes.writing import (
    draw_cross,
    draw_flourish,
    draw_polyline,
    draw_ring,
    strike_out,
    write_cursive,
    write_text,
)

# An entry that is listed twice is twice as likely.
_BEFORE = ("", "", "$", "#", "-", "=", "$ ", "$")
_AFTER = ("", "", "-", ".-", "=", "~", ".", "/", "--", " -")


def draw_notes(draft: SceneDraft) -> None:
    """Draw lines of numbers and words on plain, ruled or squared paper."""
    rng, canvas = draft.rng, draft.canvas
    pen = random_pen(draft)
    gap = pen.height_px * rng.uniform(1.15, 2.2)
    _draw_random_ruling(draft, gap)
    slope = rng.normal(0, 0.04)
    baseline = pen.height_px * rng.uniform(1.0, 1.6)
    while baseline < canvas.h + 0.3 * pen.height_px and not canvas.is_full:
        if rng.random() < 0.1:
            pen = random_pen(draft)
            baseline += pen.height_px
        _write_note_line(draft, pen, baseline, slope + rng.normal(0, 0.01))
        baseline += max(gap, pen.height_px * 1.1) * rng.uniform(0.95, 1.15)
    if rng.random() < 0.06:
        draw_flourish(draft, pen, (0, 0, canvas.w, canvas.h))


def _draw_random_ruling(draft: SceneDraft, gap_px: float) -> None:
    """Draw lines or squares at times, mostly at the distance of the written lines."""
    chance = draft.rng.random()
    if chance < 0.45:
        pitch = gap_px if draft.rng.random() < 0.6 else draft.rng.uniform(12, 50)
        draw_ruling(draft.canvas, pitch, squared=chance < 0.22)


def _write_note_line(draft: SceneDraft, pen: WriterPen, baseline: float, slope: float) -> None:
    """Write numbers, words and signs along one line."""
    rng, canvas, height = draft.rng, draft.canvas, pen.height_px
    spacing = float(rng.choice([-0.06, 0.05, 0.15, 0.3, 0.8]))
    x = rng.uniform(-0.1, 1.5) * height
    while x < canvas.w - 0.4 * height:
        at = (x, baseline + slope * x)
        chance, since = rng.random(), len(canvas.annotations)
        if chance < 0.68:
            room = int((canvas.w - x) / (height * (0.7 + spacing))) + 1
            text = _decorated(rng, random_number(rng))[: max(1, room)]
            x = write_text(draft, pen, text, at, spacing=spacing, slope=slope)
            _mark_up(draft, pen, (at[0], at[1] - height, x - at[0], height), since)
        elif chance < 0.86:
            x = draw_text(draft, handwritten_face(draft, height * rng.uniform(0.7, 1.1)), random_word(rng), at, pen.ink)
        elif chance < 0.93:
            x = write_cursive(draft, pen, at)
        else:
            x = write_text(draft, pen, random_signs(rng, int(rng.integers(1, 3))), at)
        x += height * float(rng.choice([0.5, 0.8, 1.5, 3]))


def _mark_up(draft: SceneDraft, pen: WriterPen, rect: tuple[float, float, float, float], since: int) -> None:
    """Underline, circle or strike out a number at times."""
    x, y, w, h = rect
    chance = draft.rng.random()
    if chance < 0.06:
        below = y + h * draft.rng.uniform(1.05, 1.3)
        draw_polyline(draft, pen.ink, [(x, below), (x + w, below + draft.rng.normal(0, 2))], pen.width_px)
    elif chance < 0.1:
        draw_ring(draft, pen, rect)
    elif chance < 0.12:
        strike_out(draft, pen, rect, since)


def _decorated(rng: np.random.Generator, text: str) -> str:
    """Add a separator, a sign before the number, or a unit after it at times."""
    if len(text) > 1 and rng.random() < 0.3:
        cut = int(rng.integers(1, len(text)))
        text = text[:cut] + str(rng.choice(list(".,.,:/-"))) + text[cut:]
    if rng.random() < 0.1:
        text = str(rng.choice(list("$-+=#("))) + text
    return text + str(rng.choice(list("%€.,-=)x"))) if rng.random() < 0.12 else text


def draw_sums(draft: SceneDraft) -> None:
    """Draw sums as at school: numbers below each other, a sign, a line, a result."""
    rng, canvas = draft.rng, draft.canvas
    pen = random_pen(draft, random_height(draft, 60))
    height = pen.height_px
    _draw_random_ruling(draft, 1.3 * height)
    top = 0.0
    while top < canvas.h and not canvas.is_full:
        right, lowest = 5.5 * height, top
        while right < canvas.w + 2 * height:
            lowest = max(lowest, _write_sum(draft, pen, right, top + height * rng.uniform(1.2, 2.5)))
            right += height * rng.uniform(6, 9)
        top = lowest + height * rng.uniform(0.2, 1)


def _write_sum(draft: SceneDraft, pen: WriterPen, right: float, baseline: float) -> float:
    """Draw one sum whose right edge is at `right`. Return the baseline of its result."""
    rng, height = draft.rng, pen.height_px
    spacing, step = rng.uniform(0.05, 0.4), height * rng.uniform(1.2, 1.6)
    rows = int(rng.integers(2, 5))
    for row in range(rows + 1):
        y = baseline + row * step
        text = random_number(rng, int(rng.integers(1, 5)))
        write_text(draft, pen, text, (right - len(text) * height * (0.62 + spacing), y), spacing=spacing)
        if 0 < row < rows and rng.random() < 0.7:
            write_text(draft, pen, str(rng.choice(list("+-x"))), (right - 5 * height, y))
    line_y = baseline + (rows - 0.75) * step
    draw_polyline(draft, pen.ink, [(right - 4.5 * height, line_y), (right + 0.3 * height, line_y)], pen.width_px)
    return baseline + rows * step


def draw_cheque(draft: SceneDraft) -> None:
    """Draw amounts as on cheques: touching digits, points and dashes on security print."""
    rng, canvas = draft.rng, draft.canvas
    draw_security_print(canvas)
    pen = random_pen(draft, _cheque_height(draft))
    baseline = pen.height_px * rng.uniform(1.1, 1.5)
    while baseline < canvas.h + 0.2 * pen.height_px:
        height, x = pen.height_px, rng.uniform(0, 0.8) * pen.height_px
        if rng.random() < 0.6:
            y = baseline + height * rng.uniform(0.0, 0.35)
            draw_polyline(draft, pen.ink, [(0, y), (canvas.w, y + rng.normal(0, 2))], rng.uniform(1, 3))
        spacing = float(rng.choice([-0.14, -0.08, -0.02, 0.05, 0.12]))
        x = write_text(draft, pen, _amount(rng), (x, baseline), spacing=spacing, slope=rng.normal(0, 0.05))
        if rng.random() < 0.25:
            left = max(x, rng.uniform(0.3, 1) * canvas.w)
            draw_flourish(draft, pen, (left, baseline - height, 0.6 * canvas.w, 1.5 * height))
        if rng.random() < 0.12:
            draw_printed_lines(draft, (0, baseline + 0.3 * height, 0.7 * canvas.w, 0.5 * height))
        if rng.random() < 0.6:
            pen = random_pen(draft, _cheque_height(draft))
        baseline += pen.height_px * rng.uniform(1.4, 2.4)


def _cheque_height(draft: SceneDraft) -> float:
    """Return a random digit height for a cheque, up to 110 pixels: amounts are written large."""
    return float(min(np.exp(draft.rng.uniform(np.log(18), np.log(110))), 0.7 * draft.canvas.h))


def _amount(rng: np.random.Generator) -> str:
    """Return a random amount, with or without separated thousands, and with the signs people add against fraud."""
    text = random_number(rng, int(rng.integers(3, 8)))
    point = str(rng.choice([".", ".", ",", "", ""]))
    grouped = point.join(filter(None, [text[:-6], text[-6:-3], text[-3:]]))
    return str(rng.choice(_BEFORE)) + grouped + str(rng.choice(_AFTER))


def draw_without_digits(draft: SceneDraft) -> None:
    """Draw a page without digits: print, words, crosses, a texture, or blank paper."""
    rng, canvas = draft.rng, draft.canvas
    kind = rng.choice(["print", "words", "crosses", "texture", "blank"], p=[0.28, 0.28, 0.12, 0.24, 0.08])
    if rng.random() < 0.3:
        draw_ruling(canvas, rng.uniform(12, 60), squared=rng.random() < 0.5)
    if kind == "texture":
        draw_texture(canvas)
    elif kind == "print":
        draw_printed_lines(draft, (rng.uniform(-10, 30), 0, canvas.w, canvas.h))
    elif kind == "words":
        _write_words(draft)
    elif kind == "crosses":
        pen = random_pen(draft)
        for _ in range(int(rng.integers(2, 12))):
            x, y = rng.uniform(0, 1, 2) * (canvas.w, canvas.h)
            size = pen.height_px * rng.uniform(0.5, 1.5)
            draw_cross(draft, pen, (x, y, size, size))


def _write_words(draft: SceneDraft) -> None:
    """Fill the canvas with words in a handwriting font or in cursive."""
    rng, canvas, pen = draft.rng, draft.canvas, random_pen(draft)
    face = handwritten_face(draft, pen.height_px)
    slope, baseline = rng.normal(0, 0.03), 1.3 * pen.height_px
    while baseline < canvas.h + pen.height_px:
        x = rng.uniform(0, 30)
        while x < canvas.w:
            at = (x, baseline + slope * x)
            x = (
                draw_text(draft, face, random_word(rng), at, pen.ink)
                if rng.random() < 0.75
                else write_cursive(draft, pen, at)
            )
            x += pen.height_px * rng.uniform(0.3, 0.8)
        baseline += pen.height_px * rng.uniform(1.4, 2.2)
