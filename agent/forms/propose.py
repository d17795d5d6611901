"""Propose the fields of a form from a picture of it: empty boxes, combs, table cells, and lines to write on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, union
from agent.vision.pixels import Pixels

LINE_SHARE = 1 / 60
"""Shortest printed line, as a share of the longer side of the picture. Letters have shorter strokes."""
MIN_HEIGHT_SHARE, MAX_HEIGHT_SHARE = 1 / 80, 1 / 8
"""Smallest and largest height of a field, as a share of the longer side of the picture."""
MAX_INK_SHARE = 0.03
"""Share of the inside of a box that may be dark: a box with more holds a label."""
MAX_CELL_RATIO = 1.4
"""Largest width of a comb's cell in heights of it."""
MIN_COMB_CELLS = 2
"""Number of equal cells side by side that make a comb."""
WRITING_HEIGHT = 1 / 30
"""Height of the writing above a line, as a share of the longer side of the picture."""


def propose_fields(image: Pixels) -> tuple[tuple[Box, int], ...]:
    """Find where something is to be written on a form that lies straight in the picture.

    Args:
        image: BGR uint8 (H, W, 3).

    Returns:
        The box of each field and the number of its cells: 1 if it is not a comb. From top to bottom.
    """
    dark = dark_mask(image)
    longest = max(dark.shape)
    length = max(8, round(LINE_SHARE * longest))
    across, down = _lines(dark, (1, length)), _lines(dark, (length, 1))
    grid = np.asarray(cv2.dilate(cv2.bitwise_or(across, down), np.ones((3, 3), np.uint8)), np.uint8)
    print_ = np.asarray(cv2.bitwise_and(dark, cv2.bitwise_not(grid)), np.uint8)
    cells = [box for box in _cells(grid) if _is_empty(print_, box) and _is_field(box, longest)]
    fields = list(_combs(cells))
    taken = [box for box, _ in fields]
    fields += [
        (box, 1) for box in _above_lines(across, longest) if _is_empty(print_, box) and not _meets(box, taken, grid)
    ]
    return tuple(sorted(fields, key=lambda one: (round(one[0].centre[1] / (WRITING_HEIGHT * longest)), one[0].x)))


def form_toml(picture: str, fields: Sequence[tuple[Box, int]]) -> str:
    """Return the TOML of a form with these fields. The user replaces the names of the fields.

    Args:
        picture: the path of the reference picture.
        fields: result of `propose_fields`.

    Raises:
        UnicodeEncodeError: the path has bytes that are not UTF-8, so no TOML file can name it.
    """
    quoted = json.dumps(picture, ensure_ascii=False).replace("\x7f", "\\u007f")  # as in TOML
    quoted.encode()
    parts = [f'[form]\ntitle = "Form"\npicture = {quoted}\n']
    for number, (box, cells) in enumerate(fields, 1):
        comb = f'digits = "{cells}"\ncomb = true\n' if cells > 1 else ""
        parts.append(f'[[field]]\nname = "field_{number}"\nbox = [{box.x}, {box.y}, {box.w}, {box.h}]\n{comb}')
    return "\n".join(parts)


def dark_mask(image: Pixels) -> NDArray[np.uint8]:
    """Return a mask of what is darker than the paper around it, uint8 (H, W), 0 or 255."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    size = max(15, max(grey.shape) // 40) | 1
    kind = cv2.ADAPTIVE_THRESH_MEAN_C
    return np.asarray(cv2.adaptiveThreshold(grey, 255, kind, cv2.THRESH_BINARY_INV, size, 12), np.uint8)


def _lines(dark: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the strokes that hold a rectangle of this height and width."""
    return np.asarray(cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones(size, np.uint8)), np.uint8)


def _cells(grid: NDArray[np.uint8]) -> Iterator[Box]:
    """Yield the areas that lines enclose, if they are rectangles."""
    contours, hierarchy = cv2.findContours(grid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for contour, (_, _, _, parent) in zip(contours, [] if hierarchy is None else hierarchy[0], strict=True):
        box = Box(*map(int, cv2.boundingRect(contour)))
        if parent >= 0 and cv2.contourArea(contour) > 0.85 * (box.w - 1) * (box.h - 1):
            yield box


def _is_field(box: Box, longest: int) -> bool:
    return MIN_HEIGHT_SHARE * longest <= box.h <= MAX_HEIGHT_SHARE * longest and box.w > 0.5 * box.h


def _is_empty(print_: NDArray[np.uint8], box: Box) -> bool:
    inside = print_[max(0, box.y) : box.bottom, max(0, box.x) : box.right]
    return bool(inside.size) and float(np.mean(inside > 0)) <= MAX_INK_SHARE


def _combs(cells: Sequence[Box]) -> Iterator[tuple[Box, int]]:
    """Yield cells, and several cells side by side as one field if each is about as wide as it is high."""
    left = sorted(cells, key=lambda box: (box.x, box.y))
    while left:
        comb = [left.pop(0)]
        while following := next((box for box in left if _continues(comb[-1], box)), None):
            comb.append(following)
            left.remove(following)
        if len(comb) >= MIN_COMB_CELLS:
            yield union(comb), len(comb)
        else:
            yield comb[0], 1


def _continues(last: Box, box: Box) -> bool:
    close = 0 <= box.x - last.right <= 0.3 * last.h and abs(box.y - last.y) <= 0.15 * last.h
    return close and abs(box.h - last.h) <= 0.15 * last.h and max(last.w, box.w) <= MAX_CELL_RATIO * last.h


def _above_lines(across: NDArray[np.uint8], longest: int) -> Iterator[Box]:
    """Yield the room above each printed line."""
    height = round(WRITING_HEIGHT * longest)
    contours, _ = cv2.findContours(across, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        x, y, w, h = map(int, cv2.boundingRect(contour))
        if w > 1.5 * height and h < 0.3 * height and y > height:
            yield Box(x, y - height, w, height)


def _meets(box: Box, fields: Sequence[Box], grid: NDArray[np.uint8]) -> bool:
    """Return whether the room above a line is a box, or holds other lines: then it is part of a table."""
    inside = grid[box.y : box.bottom - 4, box.x + 4 : box.right - 4]
    return any(box.iou(field) > 0 for field in fields) or float(np.mean(inside > 0)) > 0.02
