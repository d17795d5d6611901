"""Free writing: notes, sums, cheques' amounts, and sheets without any digit."""

from __future__ import annotations

import numpy as np

from converters.data.scenes.desk import Desk, Hand, choose_height, take_pen
from converters.data.scenes.paper import print_security, rule, texture
from converters.data.scenes.words import hand_face, letter, number, print_lines, signs, word
from converters.data.scenes.writing import draw_cross, draw_line, flourish, ring, scrawl, strike_out, write_text

_BEFORE = ("", "", "$", "#", "-", "=", "$ ", "$")
_AFTER = ("", "", "-", ".-", "=", "~", ".", "/", "--", " -")


def write_notes(desk: Desk) -> None:
    """Lines of numbers, words beside them, on plain, ruled or squared paper."""
    rng, page = desk.rng, desk.page
    hand = take_pen(desk)
    gap = hand.height_px * rng.uniform(1.15, 2.2)
    _choose_paper(desk, gap)
    slope = rng.normal(0, 0.04)
    baseline = hand.height_px * rng.uniform(1.0, 1.6)
    while baseline < page.h + 0.3 * hand.height_px and not page.is_full:
        if rng.random() < 0.1:
            hand = take_pen(desk)
            baseline += hand.height_px
        _note_line(desk, hand, baseline, slope + rng.normal(0, 0.01))
        baseline += max(gap, hand.height_px * 1.1) * rng.uniform(0.95, 1.15)
    if rng.random() < 0.06:
        flourish(desk, hand, (0, 0, page.w, page.h))


def _choose_paper(desk: Desk, gap_px: float) -> None:
    chance = desk.rng.random()
    if chance < 0.45:
        pitch = gap_px if desk.rng.random() < 0.6 else desk.rng.uniform(12, 50)
        rule(desk.page, pitch, squared=chance < 0.22)


def _note_line(desk: Desk, hand: Hand, baseline: float, slope: float) -> None:
    rng, page, height = desk.rng, desk.page, hand.height_px
    spacing = float(rng.choice([-0.06, 0.05, 0.15, 0.3, 0.8]))
    x = rng.uniform(-0.1, 1.5) * height
    while x < page.w - 0.4 * height:
        at = (x, baseline + slope * x)
        chance, since = rng.random(), len(page.marks)
        if chance < 0.68:
            room = int((page.w - x) / (height * (0.7 + spacing))) + 1
            text = _decorated(rng, number(rng))[: max(1, room)]
            x = write_text(desk, hand, text, at, spacing=spacing, slope=slope)
            _mark_up(desk, hand, (at[0], at[1] - height, x - at[0], height), since)
        elif chance < 0.86:
            x = letter(desk, hand_face(desk, height * rng.uniform(0.7, 1.1)), word(rng), at, hand.ink)
        elif chance < 0.93:
            x = scrawl(desk, hand, at)
        else:
            x = write_text(desk, hand, signs(rng, int(rng.integers(1, 3))), at)
        x += height * float(rng.choice([0.5, 0.8, 1.5, 3]))


def _mark_up(desk: Desk, hand: Hand, area: tuple[float, float, float, float], since: int) -> None:
    """Underline, ring or strike out a number, now and then."""
    x, y, w, h = area
    chance = desk.rng.random()
    if chance < 0.06:
        below = y + h * desk.rng.uniform(1.05, 1.3)
        draw_line(desk, hand.ink, [(x, below), (x + w, below + desk.rng.normal(0, 2))], hand.pen_px)
    elif chance < 0.1:
        ring(desk, hand, area)
    elif chance < 0.12:
        strike_out(desk, hand, area, since)


def _decorated(rng: np.random.Generator, text: str) -> str:
    """A number with a decimal point, a unit or a sign before it, now and then."""
    if len(text) > 1 and rng.random() < 0.3:
        cut = int(rng.integers(1, len(text)))
        text = text[:cut] + str(rng.choice(list(".,.,:/-"))) + text[cut:]
    if rng.random() < 0.1:
        text = str(rng.choice(list("$-+=#("))) + text
    return text + str(rng.choice(list("%€.,-=)x"))) if rng.random() < 0.12 else text


def write_sums(desk: Desk) -> None:
    """Sums as at school: numbers one below the other, a sign, a line, the result."""
    rng, page = desk.rng, desk.page
    hand = take_pen(desk, choose_height(desk, 60))
    height = hand.height_px
    _choose_paper(desk, 1.3 * height)
    top = 0.0
    while top < page.h and not page.is_full:
        right, lowest = 5.5 * height, top
        while right < page.w + 2 * height:
            lowest = max(lowest, _write_sum(desk, hand, right, top + height * rng.uniform(1.2, 2.5)))
            right += height * rng.uniform(6, 9)
        top = lowest + height * rng.uniform(0.2, 1)


def _write_sum(desk: Desk, hand: Hand, right: float, baseline: float) -> float:
    """One sum that ends at `right`; the baseline of its result."""
    rng, height = desk.rng, hand.height_px
    spacing, step = rng.uniform(0.05, 0.4), height * rng.uniform(1.2, 1.6)
    rows = int(rng.integers(2, 5))
    for row in range(rows + 1):
        y = baseline + row * step
        text = number(rng, int(rng.integers(1, 5)))
        write_text(desk, hand, text, (right - len(text) * height * (0.62 + spacing), y), spacing=spacing)
        if 0 < row < rows and rng.random() < 0.7:
            write_text(desk, hand, str(rng.choice(list("+-x"))), (right - 5 * height, y))
    line_y = baseline + (rows - 0.75) * step
    draw_line(desk, hand.ink, [(right - 4.5 * height, line_y), (right + 0.3 * height, line_y)], hand.pen_px)
    return baseline + rows * step


def write_cheque(desk: Desk) -> None:
    """Amounts as on cheques: digits that touch, points, dashes, on security print."""
    rng, page = desk.rng, desk.page
    print_security(page)
    hand = take_pen(desk, _cheque_height(desk))
    baseline = hand.height_px * rng.uniform(1.1, 1.5)
    while baseline < page.h + 0.2 * hand.height_px:
        height, x = hand.height_px, rng.uniform(0, 0.8) * hand.height_px
        if rng.random() < 0.6:
            y = baseline + height * rng.uniform(0.0, 0.35)
            draw_line(desk, hand.ink, [(0, y), (page.w, y + rng.normal(0, 2))], rng.uniform(1, 3))
        spacing = float(rng.choice([-0.14, -0.08, -0.02, 0.05, 0.12]))
        x = write_text(desk, hand, _amount(rng), (x, baseline), spacing=spacing, slope=rng.normal(0, 0.05))
        if rng.random() < 0.25:
            left = max(x, rng.uniform(0.3, 1) * page.w)
            flourish(desk, hand, (left, baseline - height, 0.6 * page.w, 1.5 * height))
        if rng.random() < 0.12:
            print_lines(desk, (0, baseline + 0.3 * height, 0.7 * page.w, 0.5 * height))
        if rng.random() < 0.6:
            hand = take_pen(desk, _cheque_height(desk))
        baseline += hand.height_px * rng.uniform(1.4, 2.4)


def _cheque_height(desk: Desk) -> float:
    """Amounts are written large."""
    return float(min(np.exp(desk.rng.uniform(np.log(18), np.log(110))), 0.7 * desk.page.h))


def _amount(rng: np.random.Generator) -> str:
    """An amount with its thousands apart, or not, and what people put around it against fraud."""
    text = number(rng, int(rng.integers(3, 8)))
    point = str(rng.choice([".", ".", ",", "", ""]))
    grouped = point.join(filter(None, [text[:-6], text[-6:-3], text[-3:]]))
    return str(rng.choice(_BEFORE)) + grouped + str(rng.choice(_AFTER))


def write_nothing(desk: Desk) -> None:
    """A sheet without any digit: print, words, crosses, walls and leaves, or nothing at all."""
    rng, page = desk.rng, desk.page
    kind = rng.choice(["print", "words", "crosses", "texture", "blank"], p=[0.28, 0.28, 0.12, 0.24, 0.08])
    if rng.random() < 0.3:
        rule(page, rng.uniform(12, 60), squared=rng.random() < 0.5)
    if kind == "texture":
        texture(page)
    elif kind == "print":
        print_lines(desk, (rng.uniform(-10, 30), 0, page.w, page.h))
    elif kind == "words":
        _write_words(desk)
    elif kind == "crosses":
        hand = take_pen(desk)
        for _ in range(int(rng.integers(2, 12))):
            x, y = rng.uniform(0, 1, 2) * (page.w, page.h)
            size = hand.height_px * rng.uniform(0.5, 1.5)
            draw_cross(desk, hand, (x, y, size, size))


def _write_words(desk: Desk) -> None:
    rng, page, hand = desk.rng, desk.page, take_pen(desk)
    face = hand_face(desk, hand.height_px)
    slope, baseline = rng.normal(0, 0.03), 1.3 * hand.height_px
    while baseline < page.h + hand.height_px:
        x = rng.uniform(0, 30)
        while x < page.w:
            at = (x, baseline + slope * x)
            x = letter(desk, face, word(rng), at, hand.ink) if rng.random() < 0.75 else scrawl(desk, hand, at)
            x += hand.height_px * rng.uniform(0.3, 0.8)
        baseline += hand.height_px * rng.uniform(1.4, 2.2)
