"""Numbers that are crossed out in a cell: by lines through their middle, or by a zigzag."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.page_layout import MIN_INK, WHITE
from agent.vision.pixels import Pixels

JOINED_PX = 3
"""Ink with a gap of less than this is one piece, in pixels of a cell that is cut out."""
MIN_HEIGHT_SHARE = 0.3
"""Smallest height of a piece that may be a number, as a share of the cell's height."""
ANGLES_DEG = range(-24, 25, 4)
"""Slopes of the lines that are searched. Steeper lines gained nothing: of 128 cells with a crossed-out number in 60
drawn tables of writers that training uses 113 are right with 24 degrees, and 111 with 48."""
MIN_LINE_SHARE = 0.92
"""Length of a straight line through a number, as a share of the width of the number with the line."""
SLACK = 0.12
"""Part of two lines, as a share of their length, that may run into each other."""
MIDDLE = (0.2, 0.8)
"""Part of the height of a number in which a line crosses it out: bars of digits at the top and the bottom do not."""
MIN_SEVERAL_ASPECT = 1.15
"""Width of several digits, in heights. One line through one digit may be the bar of a 7, so two are needed there."""
MIN_REST = 1.0
"""Ink beside the lines, in pixels for each pixel of the height; a dash has less."""
MIN_CLUTTERED_ASPECT = 0.6
"""Least width of a number that is scribbled over, in heights: the box of a 1 is full of ink, too."""
MAX_CLUTTER = 1.4
"""Largest product of the share of ink in the box of a number and the strokes side by side in its middle, per height.
Raising it keeps more scribbles. In drawn tables none of 1,446 pieces exceeds it, and half of the zigzags do."""
Mask = NDArray[np.uint8]
"""uint8 (h, w), 0 or 1."""


def without_crossed_out(crop: Pixels, margin: int) -> Pixels:
    """Return a cell without the numbers in it that are crossed out.

    Args:
        crop: the cell without the lines around it, BGR uint8 (h, w, 3), on white paper.
        margin: margin around the cell, in pixels.
    """
    ink = _dark_ink(np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8))
    joined = cv2.dilate(ink, np.ones((JOINED_PX, JOINED_PX), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    out = crop
    for number in range(1, count):
        x, y, w, h = (int(value) for value in stats[number, :4])
        if h < MIN_HEIGHT_SHARE * (len(crop) - 2 * margin):
            continue
        part = np.where(labels[y : y + h, x : x + w] == number, ink[y : y + h, x : x + w], 0).astype(np.uint8)
        if is_crossed_out(part):
            foreign = (labels == number)[..., None]
            out = np.asarray(np.where(foreign, WHITE, out), np.uint8)
    return out


def _dark_ink(grey: NDArray[np.uint8]) -> Mask:
    """Return the ink that is at least half as dark as the darkest: no print under it, and no soft edges."""
    faint = grey[grey < WHITE - MIN_INK]
    darkest = float(np.quantile(faint, 0.1)) if len(faint) else 0.0
    return np.asarray(grey < min(WHITE - MIN_INK, (WHITE + darkest) / 2), np.uint8)


def is_crossed_out(ink: Mask) -> bool:
    """Return whether a piece of ink is a number that is crossed out."""
    return _is_scribbled_over(ink) or _is_struck_through(ink)


def _is_scribbled_over(ink: Mask) -> bool:
    height, width = ink.shape
    rows = ink[round(MIDDLE[0] * height) : round(MIDDLE[1] * height)]
    if width < MIN_CLUTTERED_ASPECT * height or not len(rows):
        return False
    starts = np.diff(np.pad(rows, ((0, 0), (1, 0))).astype(np.int8), axis=1) == 1
    strokes = float(np.median(np.count_nonzero(starts, axis=1))) * height / max(height, width)
    return bool(max(1.0, strokes) * float(ink.mean()) > MAX_CLUTTER)


def _is_struck_through(ink: Mask) -> bool:
    """Return whether straight lines run through the middle of a number: one suffices through several digits."""
    height, width = ink.shape
    lines = _straight_lines(ink, round(MIN_LINE_SHARE * width))
    lines[: round(MIDDLE[0] * height)] = lines[round(MIDDLE[1] * height) :] = 0
    columns = np.count_nonzero(np.diff(lines.astype(np.int8), axis=0, prepend=0) == 1, axis=0)
    needed, share = (1, MIN_LINE_SHARE) if width >= MIN_SEVERAL_ASPECT * height else (2, MIN_LINE_SHARE - SLACK)
    rest = np.count_nonzero(cv2.subtract(ink, cv2.dilate(lines, np.ones((3, 1), np.uint8))))
    return float(np.mean(columns >= needed)) >= share and bool(rest >= MIN_REST * height)


def _straight_lines(ink: Mask, length: int) -> Mask:
    """Return the straight strokes of at least a length, in pixels, that are not steep."""
    found = np.zeros_like(ink)
    thick = cv2.dilate(ink, np.ones((3, 1), np.uint8))
    for angle in np.deg2rad(ANGLES_DEG):
        dx, dy = length * np.cos(angle), length * np.sin(angle)
        size = (abs(round(dy)) + 1, max(1, round(dx)))
        if size[0] > ink.shape[0]:
            continue
        piece = np.zeros(size, np.uint8)
        down, right = size[0] - 1, size[1] - 1
        cv2.line(piece, (0, 0 if dy >= 0 else down), (right, down if dy >= 0 else 0), 1)
        found = np.maximum(found, np.asarray(cv2.morphologyEx(thick, cv2.MORPH_OPEN, piece), np.uint8))
    return np.asarray(cv2.bitwise_and(found, ink), np.uint8)
