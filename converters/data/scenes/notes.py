"""Free writing: notes, columns, sums, cheques' amounts, and sheets without any digit."""

from __future__ import annotations

import numpy as np

from converters.data.scenes.desk import (
    Desk,
    Hand,
    choose_height,
    cross_out,
    flourish,
    hand_face,
    letter,
    line,
    number,
    print_lines,
    scrawl,
    signs,
    take_pen,
    word,
    write_text,
)
from converters.data.scenes.page import Page
from converters.data.scenes.paper import print_security, rule, texture

ENOUGH = 60
"""No more digits than about that on a sheet."""


def write_notes(rng: np.random.Generator, page: Page, desk: Desk) -> None:
    """Lines of numbers, words beside them, on plain, ruled or squared paper."""
    hand = take_pen(rng, page, desk)
    gap = hand.height_px * rng.uniform(1.15, 2.2)
    paper = rng.random()
    if paper < 0.4:
        rule(rng, page, gap if rng.random() < 0.6 else rng.uniform(12, 50), squared=paper < 0.2)
    if rng.random() < 0.15:
        side = rng.uniform(0.5, 0.8) * page.w
        print_lines(rng, page, desk, (side, 5, page.w - side, page.h * rng.uniform(0.2, 0.9)))
    slope = rng.normal(0, 0.04)
    baseline = hand.height_px * rng.uniform(1.0, 1.6)
    while baseline < page.h + 0.3 * hand.height_px and len(page.marks) < ENOUGH:
        if rng.random() < 0.1:
            hand = take_pen(rng, page, desk)
            baseline += hand.height_px
        _note_line(rng, page, desk, hand, baseline, slope + rng.normal(0, 0.01))
        baseline += max(gap, hand.height_px * 1.1) * rng.uniform(0.95, 1.15)
    if rng.random() < 0.08:
        flourish(rng, page, hand, (0, 0, page.w, page.h))


def _note_line(rng: np.random.Generator, page: Page, desk: Desk, hand: Hand, baseline: float, slope: float) -> None:
    spacing = float(rng.choice([-0.06, 0.05, 0.15, 0.3, 0.8]))
    x = rng.uniform(-0.1, 1.5) * hand.height_px
    while x < page.w - 0.4 * hand.height_px:
        at = (x, baseline + slope * x)
        chance = rng.random()
        if chance < 0.68:
            text = _decorated(rng, number(rng))
            room = int((page.w - x) / (hand.height_px * (0.7 + spacing))) + 1
            x = write_text(rng, page, desk, hand, text[: max(1, room)], at, spacing=spacing, slope=slope)
        elif chance < 0.86:
            face = hand_face(rng, desk, hand.height_px * rng.uniform(0.7, 1.1))
            x += letter(rng, page, face, word(rng), at, hand.ink)[0]
        elif chance < 0.93:
            x = scrawl(rng, page, hand, at)
        else:
            x = write_text(rng, page, desk, hand, signs(rng, int(rng.integers(1, 3))), at)
        if rng.random() < 0.06:
            below = at[1] + 0.15 * hand.height_px
            pen_px = max(1.0, hand.writer.pen * hand.height_px)
            line(rng, page, hand.ink, [(at[0], below), (x, below + rng.normal(0, 2))], pen_px)
        x += hand.height_px * float(rng.choice([0.5, 0.8, 1.5, 3]))


def _decorated(rng: np.random.Generator, text: str) -> str:
    """A number with a decimal point, a unit or a sign before it, now and then."""
    if len(text) > 1 and rng.random() < 0.3:
        cut = int(rng.integers(1, len(text)))
        text = text[:cut] + str(rng.choice(list(".,.,:/-"))) + text[cut:]
    if rng.random() < 0.1:
        text = str(rng.choice(list("$-+=#("))) + text
    return text + str(rng.choice(list("%€.,-=)x"))) if rng.random() < 0.12 else text


def write_cheque(rng: np.random.Generator, page: Page, desk: Desk) -> None:
    """Amounts as on cheques: digits that touch, points, dashes, on security print."""
    print_security(rng, page)
    hand = take_pen(rng, page, desk, choose_height(rng, page, 18, 110))
    baseline = hand.height_px * rng.uniform(1.1, 1.5)
    while baseline < page.h + 0.2 * hand.height_px:
        x = rng.uniform(0, 0.8) * hand.height_px
        if rng.random() < 0.6:
            y = baseline + hand.height_px * rng.uniform(0.05, 0.35)
            line(rng, page, hand.ink, [(0, y), (page.w, y + rng.normal(0, 2))], rng.uniform(1, 3))
        amount = f"{int(10 ** rng.uniform(2, 7)):,}".replace(",", str(rng.choice([".", ".", "", "", ","])))
        before, after = (
            str(rng.choice(["", "", "$", "#", "-", "=", "$ "])),
            str(rng.choice(["", "", "-", ".-", "=", "~", ".", "/", "--"])),
        )
        spacing = float(rng.choice([-0.14, -0.08, -0.02, 0.05, 0.12]))
        slope = rng.normal(0, 0.05)
        x = write_text(rng, page, desk, hand, before + amount + after, (x, baseline), spacing=spacing, slope=slope)
        if rng.random() < 0.25:
            box = (rng.uniform(0.3, 1) * page.w, baseline - hand.height_px, page.w * 0.6, hand.height_px * 1.5)
            flourish(rng, page, hand, box if x < box[0] else (x, *box[1:]))
        if rng.random() < 0.12:
            print_lines(rng, page, desk, (0, baseline + 0.3 * hand.height_px, page.w * 0.7, hand.height_px * 0.5))
        if rng.random() < 0.6:
            hand = take_pen(rng, page, desk, choose_height(rng, page, 18, 110))
        baseline += hand.height_px * rng.uniform(1.4, 2.4)


def write_nothing(rng: np.random.Generator, page: Page, desk: Desk) -> None:
    """A sheet without any digit: print, words, crosses, walls and leaves, or nothing at all."""
    kind = rng.choice(["print", "words", "crosses", "texture", "blank"], p=[0.28, 0.28, 0.12, 0.24, 0.08])
    if rng.random() < 0.3:
        rule(rng, page, rng.uniform(12, 60), squared=rng.random() < 0.5)
    if kind == "texture":
        texture(rng, page)
    elif kind == "print":
        print_lines(rng, page, desk, (rng.uniform(-10, 30), 0, page.w, page.h))
    elif kind == "words":
        _write_words(rng, page, desk)
    elif kind == "crosses":
        hand = take_pen(rng, page, desk)
        for _ in range(int(rng.integers(2, 12))):
            x, y = rng.uniform(0, 1, 2) * (page.w, page.h)
            size = hand.height_px * rng.uniform(0.5, 1.5)
            cross_out(rng, page, hand.ink, (x, y, size, size), max(1.0, hand.writer.pen * hand.height_px))


def _write_words(rng: np.random.Generator, page: Page, desk: Desk) -> None:
    hand = take_pen(rng, page, desk)
    face = hand_face(rng, desk, hand.height_px)
    slope, baseline = rng.normal(0, 0.03), 1.3 * hand.height_px
    while baseline < page.h + hand.height_px:
        x = rng.uniform(0, 30)
        while x < page.w:
            at = (x, baseline + slope * x)
            if rng.random() < 0.75:
                x += letter(rng, page, face, word(rng), at, hand.ink)[0]
            else:
                x = scrawl(rng, page, hand, at)
            x += hand.height_px * rng.uniform(0.3, 0.8)
        baseline += hand.height_px * rng.uniform(1.4, 2.2)
