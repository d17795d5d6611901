"""Ruled tables that held-out writers filled in: bent, with gaps in lines, empty cells, and crossed-out numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.paper import INK_COLOURS
from agent.vision.pixels import Pixels
from benchmarks.forms.filled import DIGIT_HEIGHTS, PEN_MM, draw_strokes
from benchmarks.numbers.handwriting import HeldOutHandwriting, any_of, place, right_of
from converters.data.strokes import PenItem, Stroke

Rng = np.random.Generator
Writer = Mapping[str, Sequence[PenItem]]
PX_PER_MM = 12
ROWS, COLUMNS = (3, 12), (2, 7)
"""Smallest and largest numbers of rows and columns."""
CELL_MM = ((18, 34), (9, 15))
"""Smallest and largest width of a column, and height of the rows, in millimetres."""
MARGIN_MM = 22
"""Paper around the table, in millimetres. A heading is printed above it."""
LINE_MM = (0.25, 0.7)
LINE_GREY = (40, 150)
EMPTY_SHARE, CROSSED_SHARE, SEVERAL_SHARE = 0.2, 0.06, 0.08
"""Shares of the cells that are empty, with a number that is crossed out, and with several numbers."""
GAP_SHARE = 0.08
"""Share of the inner lines' pieces between two crossings that are missing; of one line at most half."""
BEND_SHARE = 0.012
"""How far the middle of the sheet lies beside a straight line at most, as a share of its side."""


@dataclass(frozen=True)
class DrawnCell:
    """What stands in a cell."""

    numbers: tuple[str, ...] = ()
    """The numbers that count."""
    has_crossed_out: bool = False
    """Whether another one is crossed out."""


@dataclass(frozen=True, eq=False)
class DrawnTable:
    """A table and what stands in it."""

    sheet: Pixels
    """BGR uint8 (H, W, 3)."""
    cells: tuple[tuple[DrawnCell, ...], ...]
    """Row by row."""
    centres: NDArray[np.float64]
    """Centre of each cell in pixels of the sheet, float64 (rows, columns, 2)."""


def draw_table(rng: Rng, handwriting: HeldOutHandwriting) -> DrawnTable:
    """Draw a table that one writer has filled in."""
    rows, columns = int(rng.integers(ROWS[0], ROWS[1] + 1)), int(rng.integers(COLUMNS[0], COLUMNS[1] + 1))
    widths, height = rng.uniform(*CELL_MM[0], columns), float(rng.uniform(*CELL_MM[1]))
    xs = (MARGIN_MM + np.concatenate([[0.0], np.cumsum(widths)])) * PX_PER_MM
    ys = (MARGIN_MM + height * np.arange(rows + 1, dtype=np.float64)) * PX_PER_MM
    sheet = np.full((round(ys[-1]) + MARGIN_MM * PX_PER_MM, round(xs[-1]) + MARGIN_MM * PX_PER_MM, 3), 250, np.uint8)
    cv2.putText(sheet, "Measured values", (round(xs[0]), round(ys[0]) - 60), cv2.FONT_HERSHEY_DUPLEX, 2, 0, 3)
    _rule(rng, sheet, xs, ys)
    writer, size = any_of(rng, handwriting.writers), float(rng.uniform(*DIGIT_HEIGHTS)) * height * PX_PER_MM
    pen = _Pen(float(rng.uniform(*PEN_MM)) * PX_PER_MM, INK_COLOURS[any_of(rng, ("blue ballpoint", "black ballpoint"))])
    cells = tuple(
        tuple(_fill(rng, sheet, (xs[c], ys[r], xs[c + 1], ys[r + 1]), (writer, size, pen)) for c in range(columns))
        for r in range(rows)
    )
    centres = np.stack(np.meshgrid((xs[:-1] + xs[1:]) / 2, (ys[:-1] + ys[1:]) / 2), axis=2)
    return _bent(rng, DrawnTable(sheet, cells, centres))


@dataclass(frozen=True)
class _Pen:
    width_px: float
    colour: tuple[int, int, int]


def _rule(rng: Rng, sheet: Pixels, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> None:
    """Draw the lines, piece by piece, in place; pieces of inner lines may be missing."""
    thickness, grey = max(2, round(float(rng.uniform(*LINE_MM)) * PX_PER_MM)), int(rng.integers(*LINE_GREY))
    for of_rows in (True, False):
        along, across = (xs, ys) if of_rows else (ys, xs)
        for number, at in enumerate(across):
            left_out = 0
            for start, end in pairwise(along):
                inner = 0 < number < len(across) - 1 and left_out + 1 <= (len(along) - 1) / 2
                if inner and rng.random() < GAP_SHARE:
                    left_out += 1
                    continue
                ends = [(start, at), (end, at)] if of_rows else [(at, start), (at, end)]
                cv2.line(sheet, *(tuple(map(round, one)) for one in ends), (grey,) * 3, thickness)  # type: ignore[call-overload]


def _fill(
    rng: Rng, sheet: Pixels, cell: tuple[float, float, float, float], hand: tuple[Writer, float, _Pen]
) -> DrawnCell:
    """Write into a cell, in place."""
    left, top, right, bottom = cell
    chance, size = rng.random(), hand[1]
    if chance < EMPTY_SHARE:
        return DrawnCell()
    crossed = chance < EMPTY_SHARE + CROSSED_SHARE
    several = crossed or chance < EMPTY_SHARE + CROSSED_SHARE + SEVERAL_SHARE
    x, numbers, has_crossed_out = left + float(rng.uniform(0.15, 0.4)) * size, list[str](), False
    base = (top + bottom + size) / 2 + float(rng.normal(0, 0.05)) * size
    for number in range(2 if several else 1):
        text = str(rng.integers(0, 10 ** int(rng.integers(1, 3 if several else 5))))
        strokes, end = _write(rng, text, hand[0], size, (x, base))
        if end > right - 0.1 * size:
            break
        for one in strokes:
            draw_strokes(sheet, one, hand[2].width_px, hand[2].colour)
        if crossed and not number:
            draw_strokes(sheet, _cross_out(rng, x, end, base, size), hand[2].width_px, hand[2].colour)
            has_crossed_out = True
        else:
            numbers.append(text)
        x = end + float(rng.uniform(1.0, 1.5)) * size
    return DrawnCell(tuple(numbers), has_crossed_out)


def _write(
    rng: Rng, text: str, writer: Writer, size: float, at: tuple[float, float]
) -> tuple[list[list[Stroke]], float]:
    """Return the strokes of each digit in pixels of the sheet, and where the number ends."""
    x, written = at[0], list[list[Stroke]]()
    for sign in text:
        strokes = place(any_of(rng, writer[sign]), 0.0, 0.0, height=size * float(rng.normal(1, 0.05)))
        corner = np.array((x, at[1] + float(rng.normal(0, 0.03)) * size))
        written.append([(stroke + corner).astype(np.float32) for stroke in strokes])
        x += right_of(strokes) + max(0.1, float(rng.normal(0.18, 0.06))) * size
    return written, x


def _cross_out(rng: Rng, left: float, right: float, base: float, size: float) -> list[Stroke]:
    """Return strokes that cross a number out: a line, two lines, or a zigzag."""
    middle, x = base - size / 2, np.array([left - 0.1 * size, right])
    slope = float(rng.normal(0, 0.15)) * size
    kind = int(rng.integers(1 if right - left < size else 0, 3))  # a bar through one digit may belong to it
    if kind == 2:
        xs = np.linspace(float(x[0]), float(x[1]), 9)
        ys = middle + np.where(np.arange(9) % 2, -0.4, 0.4) * size
        return [np.stack([xs, ys], axis=1).astype(np.float32)]
    shifts = (0.0,) if kind == 0 else (-0.12, 0.12)
    return [
        np.stack([x, middle + shift * size + np.array([slope, -slope])], axis=1).astype(np.float32) for shift in shifts
    ]


def _bent(rng: Rng, table: DrawnTable) -> DrawnTable:
    """Return a table as on paper that does not lie flat: its lines are arcs in both directions."""
    h, w = table.sheet.shape[:2]
    down, aside = rng.uniform(-BEND_SHARE, BEND_SHARE, 2) * (h, w)
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    to_lower = (y - down * np.sin(np.pi * x / w)).astype(np.float32)
    to_right = (x - aside * np.sin(np.pi * y / h)).astype(np.float32)
    lower = cv2.remap(table.sheet, x, to_lower, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    sheet = cv2.remap(lower, to_right, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    centres = table.centres.copy()
    centres[..., 1] += down * np.sin(np.pi * centres[..., 0] / w)
    centres[..., 0] += aside * np.sin(np.pi * centres[..., 1] / h)
    return DrawnTable(np.asarray(sheet, np.uint8), table.cells, centres)
