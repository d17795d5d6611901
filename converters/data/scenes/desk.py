"""What every layout writes with: digits, fonts and inks, and lines of writing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from converters.data.labelled import LabelledGlyphs
from converters.data.scenes.lettering import Face, Fonts
from converters.data.scenes.page import Ink, Page
from converters.data.scenes.shapes import SIGNS
from converters.data.scenes.strokes import Coverage, ink_paths, smooth
from converters.data.scenes.writer import Writer, invent_writer, write_digit, write_sign

SYLLABLES = (
    "al an ar ba be ca ce co da de do el en er es fe fi ga gra ha ho il in la le lo ma me mi mo na ne no or pa pe po "
    "que ra re ri ro sa se si so ta te ti to tra un ve vi za ch st ng th ll ee oo"
).split()
WORDS = (
    "Total Sum Name Date Fecha Monto Pesos mil cientos Pagar Banco Nombre Firma Datum Betrag Euro Seite Aufgabe Score "
    "Team Points Sudoku Level easy hard Page Room Phone Tel No Nr RUT Cuenta Cheque Serie kg cm min km Liter Stk "
    "Zone Size Bill Ziel Sol SOS oil Bus"
).split()


@dataclass(frozen=True, eq=False)
class Desk:
    """What lies ready."""

    digits: LabelledGlyphs
    fonts: Fonts
    dark: bool
    """A board: light on dark."""


@dataclass(frozen=True, eq=False)
class Hand:
    """A writer with a pen in hand, and how high they write."""

    writer: Writer
    ink: Ink
    height_px: float


def choose_height(rng: np.random.Generator, page: Page, low: float = 12, high: float = 110) -> float:
    """A height for digits that fits the sheet, mostly 16 to 60 pixels."""
    if rng.random() < 0.2:
        height = np.exp(rng.uniform(np.log(low), np.log(high)))
    else:
        height = np.exp(rng.uniform(np.log(max(low, 15)), np.log(min(high, 62))))
    return float(min(height, 0.7 * page.h))


def choose_ink(rng: np.random.Generator, *, dark: bool) -> Ink:
    """Ballpoint in blue, black, red or green, pencil, marker; on a board chalk."""
    if dark:
        return Ink(
            rng.uniform(170, 255) * rng.uniform(0.8, 1, 3).astype(np.float32),
            rng.uniform(0.5, 0.95),
            rng.uniform(0, 0.5),
        )
    kind = rng.choice(["blue", "black", "pencil", "marker", "red", "green"], p=[0.28, 0.3, 0.17, 0.12, 0.09, 0.04])
    if kind == "pencil":
        return Ink(np.full(3, rng.uniform(40, 100), np.float32), rng.uniform(0.25, 0.75), rng.uniform(0.05, 0.35))
    colours = {
        "blue": (150, 60, 30),
        "black": (35, 30, 30),
        "marker": (20, 20, 20),
        "red": (45, 35, 190),
        "green": (60, 110, 30),
    }
    colour = np.array(colours[str(kind)]) * rng.uniform(0.5, 1.25) + rng.normal(0, 12, 3)
    opacity = rng.uniform(0.85, 1) if kind == "marker" else rng.uniform(0.5, 0.95)
    return Ink(np.clip(colour, 0, 230).astype(np.float32), opacity, float(rng.choice([0, 0, 0.1])))


def take_pen(rng: np.random.Generator, page: Page, desk: Desk, height_px: float | None = None) -> Hand:
    """A new writer with a pen that suits the sheet."""
    height = height_px or choose_height(rng, page)
    writer = invent_writer(rng, desk.fonts, height)
    ink = choose_ink(rng, dark=desk.dark)
    if ink.opacity < 0.5:  # a faint line is a fine one
        writer = replace(writer, pen=min(writer.pen, 0.1))
    return Hand(writer, ink, height)


def write_text(
    rng: np.random.Generator,
    page: Page,
    desk: Desk,
    hand: Hand,
    text: str,
    at: tuple[float, float],
    *,
    spacing: float = 0.12,
    slope: float = 0.0,
) -> float:
    """Write digits and signs along a line.

    Args:
        rng: where chance comes from.
        page: the sheet.
        desk: what digits are traced from.
        hand: who writes.
        text: digits, signs and blanks.
        at: where the line begins: left end and baseline.
        spacing: gap between two digits, in heights; below 0 they touch.
        slope: how far the baseline falls per pixel.

    Returns:
        Where the line ended.
    """
    x, baseline = at
    for letter in text:
        if letter == " ":
            x += hand.height_px * rng.uniform(0.4, 0.9)
            continue
        line = baseline + slope * (x - at[0]) + rng.normal(0, 0.04) * hand.height_px
        if letter.isdigit():
            ink = write_digit(rng, hand.writer, desk.digits, int(letter), hand.height_px)
            page.write(rng, int(letter), ink, x, line - ink.shape[0], hand.ink)
        else:
            ink, top = write_sign(rng, hand.writer, letter, hand.height_px)
            page.stamp(rng, ink, x, line - hand.height_px + top, hand.ink)
        x += ink.shape[1] + hand.height_px * max(-0.3, spacing + rng.normal(0, 0.05))
    return x


def letter(
    rng: np.random.Generator, page: Page, face: Face, text: str, at: tuple[float, float], ink: Ink
) -> tuple[int, int]:
    """Put a text in a font on the sheet, its baseline's left end at a point; its width and height."""
    drawn = face.draw(text)
    page.stamp(rng, drawn.ink, at[0], at[1] - drawn.ascent_px, ink)
    return drawn.ink.shape[1], drawn.ink.shape[0]


def print_face(rng: np.random.Generator, desk: Desk, height_px: float) -> Face:
    """A printing font."""
    return Face(desk.fonts.printed[int(rng.integers(len(desk.fonts.printed)))], height_px)


def hand_face(rng: np.random.Generator, desk: Desk, height_px: float) -> Face:
    """A handwriting font."""
    return Face(desk.fonts.hand[int(rng.integers(len(desk.fonts.hand)))], height_px)


def word(rng: np.random.Generator) -> str:
    """A word, real or not."""
    if rng.random() < 0.4:
        return str(rng.choice(WORDS))
    made = "".join(rng.choice(SYLLABLES, int(rng.integers(2, 5))))
    return made.capitalize() if rng.random() < 0.25 else made.upper() if rng.random() < 0.15 else made


def number(rng: np.random.Generator, digits: int | None = None) -> str:
    """A number of so many digits, many noughts among them."""
    count = digits or int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.2, 0.25, 0.2, 0.15, 0.1, 0.1]))
    return "".join(rng.choice(list("00123456789"), count))


def scrawl(rng: np.random.Generator, page: Page, hand: Hand, at: tuple[float, float]) -> float:
    """A cursive word of arches and loops on a baseline; where it ended."""
    height = hand.height_px
    letters = int(rng.integers(3, 10))
    turn = np.linspace(0, 2 * np.pi * letters, 16 * letters)
    heights = rng.choice([0.4, 0.45, 0.5, 0.55, 1.0], letters)[
        np.minimum((turn / (2 * np.pi)).astype(int), letters - 1)
    ]
    advance, loop = height * rng.uniform(0.35, 0.6), height * rng.uniform(-0.05, 0.22)
    rise = height * heights * (1 - np.cos(turn)) / 2
    x = advance * turn / (2 * np.pi) + loop * np.sin(turn) + hand.writer.slant * rise
    path = np.column_stack([x + at[0], at[1] - rise + rng.normal(0, 0.02) * height])
    ink, (left, top) = ink_paths(rng, [path], max(1.0, 0.8 * hand.writer.pen * height), hand.writer.pressure)
    page.stamp(rng, ink, left, top, hand.ink)
    return float(path[-1, 0])


def flourish(rng: np.random.Generator, page: Page, hand: Hand, box: tuple[float, float, float, float]) -> None:
    """A long smooth stroke within (x, y, w, h): a signature, a crossing out, a curl."""
    x, y, w, h = box
    knots = rng.uniform(0, 1, (int(rng.integers(4, 12)), 2)) * (w, h) + (x, y)
    ink, (left, top) = ink_paths(
        rng, [smooth(smooth(knots))], max(1.0, hand.writer.pen * hand.height_px), hand.writer.pressure
    )
    page.stamp(rng, ink, left, top, hand.ink)


def line(rng: np.random.Generator, page: Page, ink: Ink, points: list[tuple[float, float]], width_px: float) -> None:
    """A straight-edged line through points."""
    path = np.array(points, np.float64)
    drawn, (left, top) = ink_paths(rng, [path], width_px)
    page.stamp(rng, drawn, left, top, ink)


def print_lines(rng: np.random.Generator, page: Page, desk: Desk, box: tuple[float, float, float, float]) -> None:
    """Running print within (x, y, w, h), numbers and all; nothing in it is handwriting."""
    x, y, w, h = box
    height = float(rng.uniform(6, 22)) if rng.random() < 0.8 else float(rng.uniform(22, 50))
    face, ink = print_face(rng, desk, height), print_ink(rng, desk)
    baseline = y + height
    while baseline < y + h:
        words = [word(rng) if rng.random() < 0.85 else number(rng) for _ in range(int(rng.integers(2, 9)))]
        drawn = face.draw(" ".join(words))
        page.stamp(rng, drawn.ink[:, : int(w)], x, baseline - drawn.ascent_px, ink)
        baseline += height * rng.uniform(1.6, 2.4)


def print_ink(rng: np.random.Generator, desk: Desk) -> Ink:
    """Printer's ink."""
    colour = rng.uniform(150, 255, 3) if desk.dark else rng.uniform(0, 110) + rng.uniform(-30, 30, 3)
    return Ink(np.clip(colour, 0, 255).astype(np.float32), rng.uniform(0.5, 1))


def cross_out(
    rng: np.random.Generator, page: Page, ink: Ink, box: tuple[float, float, float, float], pen_px: float
) -> None:
    """A cross within (x, y, w, h)."""
    x, y, w, h = box
    a, b, c, d = rng.normal(0, 0.08, (4, 2)) * (w, h)
    line(rng, page, ink, [(x + a[0], y + a[1]), (x + w + b[0], y + h + b[1])], pen_px)
    line(rng, page, ink, [(x + w + c[0], y + c[1]), (x + d[0], y + h + d[1])], pen_px)


def signs(rng: np.random.Generator, count: int) -> str:
    """So many signs."""
    return "".join(rng.choice(list(SIGNS), count))


def frame(box: tuple[float, float, float, float], width_px: int) -> tuple[Coverage, float, float]:
    """The coverage of a rectangle's outline and where to stamp it."""
    x, y, w, h = box
    pad = width_px + 1
    ink = np.zeros((round(h) + 2 * pad, round(w) + 2 * pad), np.uint8)
    cv2.rectangle(ink, (pad, pad), (pad + round(w), pad + round(h)), 255, width_px)
    return ink, x - pad, y - pad
