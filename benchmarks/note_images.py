"""Test images to measure reading times with: handwritten numbers on ruled paper, unevenly lit, with sensor noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.handwriting import Handwriting, draw_digit, random_handwriting
from agent.drawing.paper import RULE_COLOUR, apply_ink

PAPER_COLOUR = (232, 240, 244)
PEN_COLOUR = (92, 46, 30)
"""Colours of paper and ink, BGR."""
DIGITS_PER_NUMBER = 5
"""Digits per number."""

FRAME_PX = 640, 480
"""Width and height of a camera frame."""
FRAME_ROWS = ((48, 5),) * 4
"""Rows of the note in a camera frame."""
SWAY_PX = 7, 5
"""Largest distance by which the page of a video moves from its place, across and down."""
SWAY_STEP = 0.6, 0.45
"""Angle of the sine of the sway by which the page moves on in each frame, across and down, in radians."""

NoteRow = tuple[int, int]
"""Height of the digits of a row in pixels, and their number."""


@dataclass(frozen=True, eq=False)
class NoteImage:
    """An image of handwritten numbers and their text."""

    image: NDArray[np.uint8]
    """The picture, BGR uint8 (H, W, 3)."""
    lines: tuple[str, ...]
    """The lines from top to bottom; numbers are separated by spaces."""

    @property
    def digits(self) -> str:
        """All digits in reading order."""
        return "".join(self.lines).replace(" ", "")


def draw_frame(seed: int = 0) -> NoteImage:
    """Draw a camera frame of 640×480 pixels with 20 digits about 48 pixels high."""
    return draw_note(FRAME_PX, FRAME_ROWS, seed)


def draw_video(frames: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw the note of `draw_frame` under a camera that sways, uint8 (frames, 480, 640, 3); the light stays."""
    rng = np.random.default_rng(seed)
    paper, _ = _write_note(rng, FRAME_PX, FRAME_ROWS)
    shifts_px = SWAY_PX * np.sin(np.outer(np.arange(frames), SWAY_STEP))
    moves = np.eye(2, 3) + shifts_px[:, :, None] * (0, 0, 1)
    moved = (cv2.warpAffine(paper, move, FRAME_PX, borderMode=cv2.BORDER_REPLICATE) for move in moves)
    return np.stack([_photograph(rng, np.asarray(page, np.uint8)) for page in moved])


def draw_still(seed: int = 0) -> NoteImage:
    """Draw a still image of 4000×3000 pixels with 176 digits, 60 to 500 pixels high."""
    rows = [(500, 5), (60, 20), (60, 20), (240, 10), (80, 25), (80, 25), (120, 15), (60, 20), (160, 15), (60, 21)]
    return draw_note((4000, 3000), rows, seed)


def draw_note(size_px: tuple[int, int], rows: Sequence[NoteRow], seed: int = 0) -> NoteImage:
    """Draw a note.

    Args:
        size_px: width and height of the image.
        rows: height and number of the digits of each row.
        seed: the same seed gives the same note.
    """
    rng = np.random.default_rng(seed)
    paper, lines = _write_note(rng, size_px, rows)
    return NoteImage(_photograph(rng, paper), lines)


def _write_note(
    rng: np.random.Generator, size_px: tuple[int, int], rows: Sequence[NoteRow]
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return a note on evenly lit paper, BGR uint8 (h, w, 3), and its lines."""
    w, h = size_px
    paper = np.full((h, w, 3), PAPER_COLOUR, np.uint8)
    room_px = h - sum(height_px for height_px, _ in rows)
    gap_px = room_px / (len(rows) + 1)
    handwriting = random_handwriting(rng)
    lines, y = list[str](), gap_px
    for row in rows:
        y += row[0]
        baseline_px = round(y)
        cv2.line(paper, (0, baseline_px + 2), (w, baseline_px + 2), RULE_COLOUR, max(1, w // 1300), cv2.LINE_AA)
        lines.append(_write(rng, paper, handwriting, baseline_px, row))
        y += gap_px
    return paper, tuple(lines)


def _write(
    rng: np.random.Generator, paper: NDArray[np.uint8], handwriting: Handwriting, baseline_px: int, row: NoteRow
) -> str:
    """Write random numbers on a baseline. Return their text."""
    height_px, count = row
    x = 0.08 * paper.shape[1]
    text = ""
    for place in range(count):
        if place and place % DIGITS_PER_NUMBER == 0:
            text += " "
            x += height_px
        digit = int(rng.integers(10))
        ink = draw_digit(rng, digit, height_px, handwriting)
        apply_ink(paper, ink, round(x), baseline_px - ink.shape[0], PEN_COLOUR)
        text += str(digit)
        x += ink.shape[1] + rng.uniform(0.18, 0.35) * height_px
    return text


def _photograph(rng: np.random.Generator, paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Add light that decreases towards a corner, the soft shadow of an arm, blur, and noise."""
    h, w = paper.shape[:2]
    y, x = np.mgrid[0 : 1 : h // 16 * 1j, 0 : 1 : w // 16 * 1j].astype(np.float32)
    light = 1 - 0.3 * (0.6 * x + 0.4 * y) ** 2
    shadow = cv2.GaussianBlur(((x - 0.5 * y) > 0.3).astype(np.float32), (0, 0), h / 300)
    light = cv2.resize(light * (1 - 0.4 * shadow), (w, h), interpolation=cv2.INTER_LINEAR)
    image = cv2.GaussianBlur(paper, (3, 3), 0.7) * light[..., None]
    return np.asarray(np.clip(image + rng.normal(0, 3, image.shape), 0, 255), np.uint8)
