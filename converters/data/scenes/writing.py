"""Writing on a sheet: lines of digits and signs, cursive words, flourishes, rings, crosses, boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from converters.data.scenes.desk import Desk, Hand
from converters.data.scenes.page import Area, Ink, Spot
from converters.data.scenes.strokes import Stroke, ink_paths, smooth
from converters.data.scenes.writer import write_digit, write_sign

LIKE_A_ONE = "/"
"""Nobody can tell it from a slanting 1."""

JOINED = 0.08
"""How often noughts in a row are joined by a stroke."""


def write_text(desk: Desk, hand: Hand, text: str, at: Spot, *, spacing: float = 0.12, slope: float = 0.0) -> float:
    """Write digits and signs along a line.

    Args:
        desk: with the sheet on it.
        hand: who writes.
        text: digits, signs and blanks.
        at: where the line begins: left end and baseline.
        spacing: gap between two digits, in heights; below 0 they touch.
        slope: how far the baseline falls per pixel.

    Returns:
        Where the line ended.
    """
    rng, height = desk.rng, hand.height_px
    x, baseline = at
    joins = rng.random() < JOINED
    last: Spot | None = None
    for letter in text:
        if joins and letter == "0" and last:
            ahead = (x + 0.3 * height, last[1] + rng.normal(0.05, 0.04) * height)
            _stroke(
                desk, hand, smooth(np.array([last, ((last[0] + x) / 2, last[1] - rng.normal(0, 0.06) * height), ahead]))
            )
        last = None
        if letter == " ":
            x += height * rng.uniform(0.4, 0.9)
            continue
        y = baseline + slope * (x - at[0]) + rng.normal(0, 0.04) * height
        if letter.isdigit():
            ink = write_digit(rng, hand.writer, desk.digits, int(letter), height)
            desk.page.write(int(letter), ink, (x, y - ink.shape[0]), hand.ink)
            last = (x + 0.6 * ink.shape[1], y - rng.uniform(0.8, 1) * ink.shape[0]) if letter == "0" else None
        else:
            ink, top = write_sign(rng, hand.writer, letter, height)
            spot = (x, y - height + top)
            if letter == LIKE_A_ONE:
                desk.page.write(None, ink, spot, hand.ink)
            else:
                desk.page.stamp(ink, spot, hand.ink)
        x += ink.shape[1] + height * max(-0.3, spacing + rng.normal(0, 0.05))
    return x


def write_in_cell(desk: Desk, hand: Hand, label: int, area: Area) -> None:
    """One digit about in the middle of an area."""
    rng = desk.rng
    x, y, w, h = area
    ink = write_digit(rng, hand.writer, desk.digits, label, hand.height_px)
    stray = rng.normal(0, 0.06, 2) * (w, h)
    spot = (x + (w - ink.shape[1]) / 2 + stray[0], y + (h - ink.shape[0]) / 2 + stray[1])
    desk.page.write(label, ink, spot, hand.ink)


def scrawl(desk: Desk, hand: Hand, at: Spot) -> float:
    """A cursive word of arches and loops on a baseline; where it ended."""
    rng, height = desk.rng, hand.height_px
    letters = int(rng.integers(3, 10))
    turn = np.linspace(0, 2 * np.pi * letters, 16 * letters)
    heights = rng.choice([0.4, 0.45, 0.5, 0.55, 1.0], letters)
    rise = height * heights[np.minimum((turn / (2 * np.pi)).astype(int), letters - 1)] * (1 - np.cos(turn)) / 2
    advance, loop = height * rng.uniform(0.35, 0.6), height * rng.uniform(-0.05, 0.22)
    x = at[0] + advance * turn / (2 * np.pi) + loop * np.sin(turn) + hand.writer.slant * rise
    _stroke(desk, hand, np.column_stack([x, at[1] - rise]))
    return float(x[-1])


def flourish(desk: Desk, hand: Hand, area: Area) -> None:
    """A long smooth stroke within an area: a signature, a curl, a crossing out."""
    x, y, w, h = area
    knots = desk.rng.uniform(0, 1, (int(desk.rng.integers(4, 12)), 2)) * (w, h) + (x, y)
    _stroke(desk, hand, smooth(smooth(knots)))


def ring(desk: Desk, hand: Hand, area: Area) -> None:
    """A ring around an area, which does not quite close."""
    rng = desk.rng
    x, y, w, h = area
    turn = np.linspace(0, 2 * np.pi * rng.uniform(0.9, 1.1), 24) + rng.uniform(0, 6)
    reach = rng.uniform(0.65, 0.8) * np.linspace(1, rng.uniform(0.9, 1.1), 24)
    _stroke(desk, hand, np.column_stack([x + w * (0.5 + reach * np.cos(turn)), y + h * (0.5 + reach * np.sin(turn))]))


def strike_out(desk: Desk, hand: Hand, area: Area, since: int) -> None:
    """Cross out what stands in an area, the marks from `since` on, which are to be ignored from now on."""
    rng = desk.rng
    x, y, w, h = area
    for height in rng.uniform(0.3, 0.7, int(rng.integers(1, 4))):
        rise = rng.normal(0, 0.15) * h
        draw_line(desk, hand.ink, [(x, y + height * h - rise), (x + w, y + height * h + rise)], hand.pen_px)
    desk.page.marks[since:] = [replace(mark, label=None) for mark in desk.page.marks[since:]]


def draw_cross(desk: Desk, hand: Hand, area: Area) -> None:
    """A cross as in a box to tick."""
    x, y, w, h = area
    a, b, c, d = desk.rng.normal(0, 0.08, (4, 2)) * (w, h)
    draw_line(desk, hand.ink, [(x + a[0], y + a[1]), (x + w + b[0], y + h + b[1])], hand.pen_px)
    draw_line(desk, hand.ink, [(x + w + c[0], y + c[1]), (x + d[0], y + h + d[1])], hand.pen_px)


def draw_box(desk: Desk, ink: Ink, area: Area, width_px: float) -> None:
    """The outline of a box."""
    x, y, w, h = area
    draw_line(desk, ink, [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)], width_px)


def draw_line(desk: Desk, ink: Ink, points: Sequence[Spot], width_px: float) -> None:
    """Straight lines from point to point."""
    drawn, corner = ink_paths(desk.rng, [np.array(points, np.float64)], width_px)
    desk.page.stamp(drawn, corner, ink)


def _stroke(desk: Desk, hand: Hand, path: Stroke) -> None:
    ink, corner = ink_paths(desk.rng, [path], hand.pen_px, hand.writer.pressure)
    desk.page.stamp(ink, corner, hand.ink)
