"""Sheets of paper with handwritten numbers, lying on a desk in uneven light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.handwriting import Handwriting, draw_digit, random_handwriting
from agent.drawing.strokes import Coverage, catmull_rom_with_corners, draw_tapered_strokes

Image = NDArray[np.uint8]
"""A picture, BGR uint8 (H, W, 3)."""
Colour = tuple[int, int, int]
"""Blue, green and red, each 0..255."""
Ruling = Literal["plain", "ruled", "squared"]
"""The lines printed on a paper: none, one line per half row, or squares."""
RULINGS: tuple[Ruling, ...] = ("plain", "ruled", "squared")

PAPER_PX = (1280, 960)
"""Width and height of the paper."""
DESK_PX = 100
"""Width of the strip of desk on each side of the paper."""
SHEET_PX = (PAPER_PX[0] + 2 * DESK_PX, PAPER_PX[1] + 2 * DESK_PX)
"""Width and height of a sheet's image: the paper with the desk around it."""
MARGIN_PX = 150
"""Margin of the paper on which no number begins or ends."""
MIN_OUTLINE_COVERAGE = 96
"""Pixels with at least this coverage belong to a digit's outline, below it is the soft edge of the line; 0..255."""
DESK_COLOUR = (62, 84, 112)
"""Colour of the desk around the paper, BGR."""
RULE_COLOUR = (196, 178, 158)
"""Colour of the lines printed on the paper, BGR."""
INK_COLOURS: dict[str, Colour] = {
    "blue ballpoint": (128, 52, 28),
    "black ballpoint": (44, 40, 42),
    "red felt pen": (48, 42, 178),
    "pencil": (92, 90, 90),
}
"""Colour of each pen's ink on white paper, BGR."""


@dataclass(frozen=True, eq=False)
class WrittenDigit:
    """A digit on a sheet."""

    digit: int
    outline: NDArray[np.float32]
    """Convex hull of the digit's ink, float32 (n, 2), x and y in pixels of the sheet's image."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A written sheet of paper on its desk."""

    image: Image
    digits: tuple[WrittenDigit, ...]
    """The digits on the sheet, in reading order."""


@dataclass(frozen=True)
class RowStyle:
    """The handwriting, size and ink of a row of numbers."""

    handwriting: Handwriting
    height_px: float
    colour: Colour


def write_sheet(rng: np.random.Generator, ruling: Ruling) -> Sheet:
    """Write two to four rows of numbers on a sheet, in one person's handwriting.

    Args:
        rng: chooses everything else.
        ruling: the lines that are printed on the paper.
    """
    spacing_px = int(rng.integers(165, 190))
    baselines = baselines_px(spacing_px)
    rows = [y + int(rng.integers(-4, 5)) for y in baselines]
    paper = blank_paper(rng)
    print_ruling(paper, ruling, baselines[-1], spacing_px)
    inks = rng.permutation(list(INK_COLOURS))
    style = RowStyle(random_handwriting(rng), 0.6 * spacing_px, INK_COLOURS[inks[0]])
    digits: list[WrittenDigit] = []
    if rng.random() < 0.7:
        write_heading(rng, paper, rows.pop(0), style)
    for y in rows:
        if y == rows[-1] and rng.random() < 0.5:
            style = replace(style, colour=INK_COLOURS[inks[1]])
        digits += _write_row(rng, paper, y, style)
    if rng.random() < 0.5:
        _stain(rng, paper)
    return Sheet(light_sheet(rng, lay_on_desk(paper)), tuple(digits))


def baselines_px(spacing_px: int) -> Sequence[int]:
    """Return the baselines of a paper's rows, from top to bottom, in pixels of the paper."""
    return range(PAPER_PX[1] - MARGIN_PX - 20, MARGIN_PX + 60, -spacing_px)[::-1]


def blank_paper(rng: np.random.Generator) -> Image:
    """Return a paper of `PAPER_PX` in a random shade of white."""
    w, h = PAPER_PX
    return np.full((h, w, 3), rng.integers((222, 230, 234), (236, 244, 248)), np.uint8)


def lay_on_desk(paper: Image) -> Image:
    """Return the image of a desk, `SHEET_PX` in size, with the paper in its middle."""
    w, h = PAPER_PX
    desk = np.full((SHEET_PX[1], SHEET_PX[0], 3), DESK_COLOUR, np.uint8)
    desk[DESK_PX : DESK_PX + h, DESK_PX : DESK_PX + w] = paper
    return desk


def print_ruling(paper: Image, ruling: Ruling, baseline_px: int, spacing_px: int) -> None:
    """Print a ruling on the paper, in place, so that rows `spacing_px` apart stand on its lines.

    Args:
        paper: BGR, uint8 (H, W, 3).
        ruling: kind of lines.
        baseline_px: y of any baseline.
        spacing_px: distance of two baselines.
    """
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


def _write_row(rng: np.random.Generator, paper: Image, baseline_px: int, style: RowStyle) -> list[WrittenDigit]:
    """Write up to three numbers of two to six digits, as many as the paper's width allows."""
    written: list[WrittenDigit] = []
    x = MARGIN_PX + float(rng.uniform(0, 80))
    slope = rng.normal(0, 0.004)
    for _ in range(3):
        digits = rng.integers(0, 10, rng.integers(2, 7)).tolist()
        inks = [draw_digit(rng, digit, style.height_px, style.handwriting) for digit in digits]
        gaps_px = (style.height_px * rng.uniform(0.13, 0.28, len(inks))).tolist()
        if x + sum(ink.shape[1] for ink in inks) + sum(gaps_px) > PAPER_PX[0] - MARGIN_PX:
            continue
        for digit, ink, gap_px in zip(digits, inks, gaps_px, strict=True):
            y = baseline_px - ink.shape[0] + slope * x + rng.normal(0, 0.02) * style.height_px
            apply_ink(paper, ink, round(x), round(y), style.colour)
            written.append(WrittenDigit(digit, ink_outline(ink) + np.array((round(x), round(y)), np.float32) + DESK_PX))
            x += ink.shape[1] + gap_px
        x += style.height_px * rng.uniform(0.9, 1.8)
    return written


def ink_outline(ink: Coverage) -> NDArray[np.float32]:
    """Return the convex hull of a digit's ink, without the soft edge of its lines.

    Args:
        ink: coverage, uint8 (h, w).

    Returns:
        float32 (n, 2), x and y. The hull encloses whole pixels: pixel i spans i - 0.5 to i + 0.5.
    """
    hull = cv2.convexHull(cv2.findNonZero((ink >= MIN_OUTLINE_COVERAGE).astype(np.uint8)))[:, 0]
    corners = [hull + np.array((dx, dy), np.float32) for dx in (-0.5, 0.5) for dy in (-0.5, 0.5)]
    return np.asarray(cv2.convexHull(np.concatenate(corners).astype(np.float32))[:, 0], np.float32)


def apply_ink(image: Image, ink: Coverage, x: int, y: int, colour: Colour) -> None:
    """Write on an image, in place, with ink that works like a dye: rules and stains beneath it shine through.

    Args:
        image: BGR, uint8 (H, W, 3).
        ink: coverage, uint8 (h, w); all of it must lie in the image.
        x: left column of the ink in the image.
        y: top row of the ink in the image.
        colour: BGR colour of the ink on white paper, 0..255.
    """
    h, w = ink.shape
    region = image[y : y + h, x : x + w]
    dye = 1 - (ink[..., None] / 255) * (1 - np.array(colour) / 255)
    region[:] = np.rint(region * dye).astype(np.uint8)


def subtract_ink(image: Image, ink: Coverage, x: int, y: int) -> None:
    """Write on an image, in place, with a dark grey pen that takes up to 178 of 255 levels from the paper.

    Args:
        image: BGR, uint8 (H, W, 3), nowhere darker than 178 below the ink.
        ink: coverage, uint8 (h, w); all of it must lie in the image.
        x: left column of the ink in the image.
        y: top row of the ink in the image.
    """
    h, w = ink.shape
    image[y : y + h, x : x + w] -= (ink * 0.7).astype(np.uint8)[..., None]


def write_heading(rng: np.random.Generator, paper: Image, baseline_px: int, style: RowStyle) -> None:
    """Write an underlined, illegible word, in place; a reader must not take it for numbers."""
    letters = int(rng.integers(7, 12))
    t = np.arange(0, letters, 0.25)
    ascenders = 1 + 0.9 * (rng.random(letters) < 0.3)[t.astype(int)]
    x = 34 * t + 12 * np.sin(2 * np.pi * t + 1)
    y = -22 * ascenders * (1 + np.sin(2 * np.pi * t)) + rng.normal(0, 2, t.size)
    word = catmull_rom_with_corners(np.column_stack((x, y)), steps=6)
    underline = catmull_rom_with_corners(
        np.array([[0, 26], [17 * letters, 24 + rng.normal(0, 3)], [34 * letters, 26 + rng.normal(0, 3)]])
    )
    ink = draw_tapered_strokes(rng, [word, underline], 0.8 * style.height_px * style.handwriting.pen_width)
    apply_ink(paper, ink, MARGIN_PX + int(rng.integers(0, 60)), baseline_px - ink.shape[0] + 20, style.colour)


def _stain(rng: np.random.Generator, paper: Image) -> None:
    """Draw the ring of a coffee cup, in place."""
    size_px = 320
    ring = np.zeros((size_px, size_px), np.uint8)
    cv2.circle(ring, (160, 160), int(rng.integers(110, 145)), 70, int(rng.integers(5, 10)), cv2.LINE_AA)
    x, y = (int(rng.integers(0, side_px - size_px)) for side_px in PAPER_PX)
    apply_ink(paper, np.asarray(cv2.GaussianBlur(ring, (0, 0), 3), np.uint8), x, y, (120, 160, 190))


def light_sheet(rng: np.random.Generator, image: Image) -> Image:
    """Add the paper's grain, light that falls off to one side, and the soft shadow of an arm that holds the camera."""
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
