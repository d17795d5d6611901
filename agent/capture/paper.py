"""A sheet of paper with numbers written on it, as it lies on a desk in uneven light."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.pen import Hand, draw_digit, draw_strokes, invent_hand, spline

Colour = tuple[int, int, int]
"""Blue, green, red."""
Ruling = Literal["plain", "ruled", "squared"]
RULINGS: tuple[Ruling, ...] = ("plain", "ruled", "squared")

PAPER_PX = (1280, 960)
DESK_PX = 100
"""Desk to be seen around the paper."""
MARGIN_PX = 150
SOLID_INK = 96
"""Ink from here on belongs to a digit's outline; below it is the pen's soft edge."""
DESK_COLOUR = (62, 84, 112)
RULE_COLOUR = (196, 178, 158)
INKS: dict[str, Colour] = {
    "blue ballpoint": (128, 52, 28),
    "black ballpoint": (44, 40, 42),
    "red felt pen": (48, 42, 178),
    "pencil": (92, 90, 90),
}


@dataclass(frozen=True, eq=False)
class WrittenDigit:
    """A digit on the paper."""

    digit: int
    outline: NDArray[np.float32]
    """Convex hull of its ink, float32 (n, 2), x and y in pixels of the sheet's picture."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A written sheet on its desk."""

    image: NDArray[np.uint8]
    """BGR, uint8 (H, W, 3)."""
    digits: tuple[WrittenDigit, ...]
    """In reading order."""


@dataclass(frozen=True)
class Script:
    """How a row is written."""

    hand: Hand
    height_px: float
    colour: Colour


def write_sheet(rng: np.random.Generator, ruling: Ruling) -> Sheet:
    """Write two to four lines of numbers on a sheet, with one hand.

    Args:
        rng: Invents everything.
        ruling: What is printed on the paper.
    """
    w, h = PAPER_PX
    spacing_px = int(rng.integers(165, 190))
    baselines_px = range(h - MARGIN_PX - 20, MARGIN_PX + 60, -spacing_px)
    rows = [y + int(rng.integers(-4, 5)) for y in reversed(baselines_px)]
    paper = np.full((h, w, 3), rng.integers((222, 230, 234), (236, 244, 248)), np.uint8)
    print_rules(paper, ruling, baselines_px[0], spacing_px)
    pens = rng.permutation(list(INKS))
    script = Script(invent_hand(rng), 0.6 * spacing_px, INKS[pens[0]])
    digits: list[WrittenDigit] = []
    if rng.random() < 0.7:
        write_heading(rng, paper, rows.pop(0), script)
    for y in rows:
        if y == rows[-1] and rng.random() < 0.5:
            script = replace(script, colour=INKS[pens[1]])
        digits += _write_row(rng, paper, y, script)
    if rng.random() < 0.5:
        _stain(rng, paper)
    desk = np.full((h + 2 * DESK_PX, w + 2 * DESK_PX, 3), DESK_COLOUR, np.uint8)
    desk[DESK_PX : DESK_PX + h, DESK_PX : DESK_PX + w] = paper
    return Sheet(light_desk(rng, desk), tuple(digits))


def print_rules(paper: NDArray[np.uint8], ruling: Ruling, baseline_px: int, spacing_px: int) -> None:
    """Print a ruling on paper, BGR uint8 (H, W, 3), so that writing at the baselines stands on its lines."""
    h, w = paper.shape[:2]
    step_px = {"plain": 0, "ruled": spacing_px // 2, "squared": spacing_px // 4}[ruling]
    if not step_px:
        return
    for y in range(baseline_px % step_px, h, step_px):
        cv2.line(paper, (0, y), (w, y), RULE_COLOUR, 1, cv2.LINE_AA)
    for x in range(step_px // 2, w, step_px) if ruling == "squared" else ():
        cv2.line(paper, (x, 0), (x, h), RULE_COLOUR, 1, cv2.LINE_AA)
    if ruling == "ruled":
        cv2.line(paper, (MARGIN_PX - 40, 0), (MARGIN_PX - 40, h), (150, 150, 224), 2, cv2.LINE_AA)


def _write_row(
    rng: np.random.Generator, paper: NDArray[np.uint8], baseline_px: int, script: Script
) -> list[WrittenDigit]:
    """Up to three numbers of two to six digits, as the paper's width allows."""
    written: list[WrittenDigit] = []
    x = MARGIN_PX + float(rng.uniform(0, 80))
    drift = rng.normal(0, 0.004)
    for _ in range(3):
        digits = rng.integers(0, 10, rng.integers(2, 7)).tolist()
        inks = [draw_digit(rng, digit, script.height_px, script.hand) for digit in digits]
        gaps_px = (script.height_px * rng.uniform(0.13, 0.28, len(inks))).tolist()
        if x + sum(ink.shape[1] for ink in inks) + sum(gaps_px) > PAPER_PX[0] - MARGIN_PX:
            continue
        for digit, ink, gap_px in zip(digits, inks, gaps_px, strict=True):
            y = baseline_px - ink.shape[0] + drift * x + rng.normal(0, 0.02) * script.height_px
            lay_ink(paper, ink, round(x), round(y), script.colour)
            written.append(WrittenDigit(digit, outline(ink) + np.array((round(x), round(y)), np.float32) + DESK_PX))
            x += ink.shape[1] + gap_px
        x += script.height_px * rng.uniform(0.9, 1.8)
    return written


def outline(ink: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convex hull of the solid ink, float32 (n, 2), around whole pixels: pixel i spans i - 0.5 to i + 0.5."""
    hull = cv2.convexHull(cv2.findNonZero((ink >= SOLID_INK).astype(np.uint8)))[:, 0]
    corners = [hull + np.array((dx, dy), np.float32) for dx in (-0.5, 0.5) for dy in (-0.5, 0.5)]
    return np.asarray(cv2.convexHull(np.concatenate(corners).astype(np.float32))[:, 0], np.float32)


def lay_ink(paper: NDArray[np.uint8], ink: NDArray[np.uint8], x: int, y: int, colour: Colour) -> None:
    """Darken the paper like a dye: what lies beneath, rules too, shines through."""
    h, w = ink.shape
    place = paper[y : y + h, x : x + w]
    dye = 1 - (ink[..., None] / 255) * (1 - np.array(colour) / 255)
    place[:] = np.rint(place * dye).astype(np.uint8)


def write_heading(rng: np.random.Generator, paper: NDArray[np.uint8], baseline_px: int, script: Script) -> None:
    """A word that nobody can read, underlined: the reader must not take it for numbers."""
    letters = int(rng.integers(7, 12))
    t = np.arange(0, letters, 0.25)
    tall = 1 + 0.9 * (rng.random(letters) < 0.3)[t.astype(int)]
    x = 34 * t + 12 * np.sin(2 * np.pi * t + 1)
    y = -22 * tall * (1 + np.sin(2 * np.pi * t)) + rng.normal(0, 2, t.size)
    word = spline(np.column_stack((x, y)), steps=6)
    line = spline(np.array([[0, 26], [17 * letters, 24 + rng.normal(0, 3)], [34 * letters, 26 + rng.normal(0, 3)]]))
    ink = draw_strokes(rng, [word, line], 0.8 * script.height_px * script.hand.stroke)
    lay_ink(paper, ink, MARGIN_PX + int(rng.integers(0, 60)), baseline_px - ink.shape[0] + 20, script.colour)


def _stain(rng: np.random.Generator, paper: NDArray[np.uint8]) -> None:
    """The ring that a cup left."""
    size_px = 320
    ring = np.zeros((size_px, size_px), np.uint8)
    cv2.circle(ring, (160, 160), int(rng.integers(110, 145)), 70, int(rng.integers(5, 10)), cv2.LINE_AA)
    x, y = (int(rng.integers(0, side_px - size_px)) for side_px in PAPER_PX)
    lay_ink(paper, np.asarray(cv2.GaussianBlur(ring, (0, 0), 3), np.uint8), x, y, (120, 160, 190))


def light_desk(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grain of the paper, light that falls off to one side, and the soft shadow of whoever holds the camera."""
    h, w = image.shape[:2]
    tile = cv2.GaussianBlur(rng.normal(0, 6, (256, 256)).astype(np.float32), (0, 0), 0.9)
    grain = np.tile(tile.astype(np.int8), (h // 256 + 1, w // 256 + 1))[:h, :w]
    y, x = np.mgrid[-1 : 1 : h // 16 * 1j, -1 : 1 : w // 16 * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.93 + 0.1 * (np.cos(angle) * x + np.sin(angle) * y) + rng.normal(0, 0.006, x.shape).astype(np.float32)
    side = rng.choice((-1, 1))
    arm = np.array(
        [[0.5 + 0.5 * side, 1.1], [0.5 + 0.32 * side, 0.8], [0.5 + 0.12 * side, 0.85], [0.5 + 0.2 * side, 1.1]]
    )
    shadow = cv2.fillConvexPoly(np.zeros_like(light), np.rint(arm * (w // 16, h // 16)).astype(np.int32), 1.0)
    light *= 1 - 0.35 * cv2.GaussianBlur(shadow, (0, 0), 4)
    light = cv2.resize((200 * light).astype(np.uint8), (w, h), interpolation=cv2.INTER_CUBIC)
    grainy = cv2.add(image, cv2.merge([grain] * 3), dtype=cv2.CV_8U)
    return np.asarray(cv2.multiply(grainy, cv2.merge([light] * 3), scale=1 / 200), np.uint8)
