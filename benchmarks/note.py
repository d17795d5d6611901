"""Pictures to time: handwritten numbers on ruled paper, with a shadow, uneven light and a sensor's noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.pen import Hand, draw_digit, invent_hand

PAPER = (232, 240, 244)
RULE = (196, 178, 158)
PEN = (92, 46, 30)
NUMBER = 5
"""Digits of one number."""

Row = tuple[int, int]
"""How high its digits are, in pixels, and how many there are."""


@dataclass(frozen=True, eq=False)
class Note:
    """A picture of numbers, and which they are."""

    image: NDArray[np.uint8]
    """BGR, uint8 (H, W, 3)."""
    lines: tuple[str, ...]
    """Numbers parted by spaces, from top to bottom."""

    @property
    def digits(self) -> str:
        """All digits in reading order."""
        return "".join(self.lines).replace(" ", "")


def draw_frame(seed: int = 0) -> Note:
    """A camera's frame, 640×480: 20 digits about 48 pixels high."""
    return _draw(np.random.default_rng(seed), (640, 480), [(48, 5)] * 4)


def draw_still(seed: int = 0) -> Note:
    """A still of 12 megapixels, 4000×3000: 176 digits, 60 to 500 pixels high."""
    rows = [(500, 5), (60, 20), (60, 20), (240, 10), (80, 25), (80, 25), (120, 15), (60, 20), (160, 15), (60, 21)]
    return _draw(np.random.default_rng(seed), (4000, 3000), rows)


def _draw(rng: np.random.Generator, size_px: tuple[int, int], rows: Sequence[Row]) -> Note:
    """A note of rows, each of digits of one height."""
    w, h = size_px
    paper = np.full((h, w, 3), PAPER, np.uint8)
    room_px = h - sum(height_px for height_px, _ in rows)
    gap_px = room_px / (len(rows) + 1)
    hand = invent_hand(rng)
    lines, y = list[str](), gap_px
    for row in rows:
        y += row[0]
        baseline_px = round(y)
        cv2.line(paper, (0, baseline_px + 2), (w, baseline_px + 2), RULE, max(1, w // 1300), cv2.LINE_AA)
        lines.append(_write(rng, paper, hand, baseline_px, row))
        y += gap_px
    return Note(_photograph(rng, paper), tuple(lines))


def _write(rng: np.random.Generator, paper: NDArray[np.uint8], hand: Hand, baseline_px: int, row: Row) -> str:
    """Write numbers on a baseline, and say which."""
    height_px, count = row
    x = 0.08 * paper.shape[1]
    text = ""
    for place in range(count):
        if place and place % NUMBER == 0:
            text += " "
            x += height_px
        digit = int(rng.integers(10))
        ink = draw_digit(rng, digit, height_px, hand)
        h, w = ink.shape
        here = paper[baseline_px - h : baseline_px, round(x) : round(x) + w]
        dye = 1 - ink[..., None] / 255 * (1 - np.array(PEN) / 255)
        here[:] = np.rint(here * dye).astype(np.uint8)
        text += str(digit)
        x += w + rng.uniform(0.18, 0.35) * height_px
    return text


def _photograph(rng: np.random.Generator, paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Light that falls off to a corner, the soft shadow of an arm, a little blur, and noise."""
    h, w = paper.shape[:2]
    y, x = np.mgrid[0 : 1 : h // 16 * 1j, 0 : 1 : w // 16 * 1j].astype(np.float32)
    light = 1 - 0.3 * (0.6 * x + 0.4 * y) ** 2
    shadow = cv2.GaussianBlur(((x - 0.5 * y) > 0.3).astype(np.float32), (0, 0), h / 300)
    light = cv2.resize(light * (1 - 0.4 * shadow), (w, h), interpolation=cv2.INTER_LINEAR)
    seen = cv2.GaussianBlur(paper, (3, 3), 0.7) * light[..., None]
    return np.asarray(np.clip(seen + rng.normal(0, 3, seen.shape), 0, 255), np.uint8)
