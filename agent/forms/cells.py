"""The cells of a ruled table, cut out upright, without the lines and without what belongs to their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.crossed_out import without_crossed_out
from agent.forms.form import Area
from agent.forms.grid import Grid
from agent.forms.montage import MIN_PRINT, has_ink
from agent.forms.page_layout import MARGIN_HEIGHTS, MIN_INK, WHITE, PageLayout, cut_out, shrunk
from agent.forms.print_ink import without_print
from agent.vision.box import Box
from agent.vision.pixels import Pixels

CELL_PX = 44
"""Height of a cell when it is read, in pixels. The reader wants digits of 12 pixels or more."""
LINE_ERROR_PX = 5
"""Largest distance of a line from its place, in pixels of a cell that is cut out, because paper is bent."""
MIN_LINE_SHARE = 0.85
"""Length of a line along a cell, as a share of the cell's side: longer than a 1 beside it. Raising it leaves lines that
are bent or interrupted. Measured on 80 drawn tables of writers that training uses: with 0.6, two of three lost digits
were a 1 near the left line."""
MAX_LINE_PX = 7
"""Largest thickness of a line that a stroke is continued across, in pixels of a cell that is cut out."""
MIN_INSIDE_SHARE = 0.35
"""Ink that goes on outside of what is cut out is the cell's if it fills at least this share of the cell's height."""
_DIAGONAL = np.eye(MAX_LINE_PX + 2, dtype=np.uint8)
CROSSING_PIECES = (
    np.ones((MAX_LINE_PX + 2, 1), np.uint8),
    np.ones((1, MAX_LINE_PX + 2), np.uint8),
    _DIAGONAL,
    np.ascontiguousarray(_DIAGONAL[::-1]),
)
"""Directions in which a stroke is continued across a line."""
Mask = NDArray[np.uint8]
"""uint8 (h, w), 0 or 1."""


@dataclass(frozen=True)
class CellSlot:
    """A cell on a page."""

    row: int
    column: int
    box: Box
    """Box of the cell without margin, in pixels of the page."""
    page: int


def cut_cells(image: Pixels, grid: Grid, *, keep_print: bool = True) -> tuple[Sequence[Pixels], Sequence[CellSlot]]:
    """Cut out the cells of a table in which something is written.

    Args:
        image: the picture, BGR uint8 (H, W, 3).
        grid: the table in it.
        keep_print: whether black or grey ink counts in a table that is filled in with a coloured pen.

    Returns:
        Pages with the cells, BGR uint8 (H, W, 3), and the places of the cells.
    """
    sides = np.linalg.norm(grid.corners[1:] - grid.corners[:-1], axis=2)
    image, to_small = shrunk(image, np.eye(3), float(sides.min()), CELL_PX)
    places = list(np.ndindex(*grid.size))
    crops = [_cell(image, grid, to_small, row, column) for row, column in places]
    layout, slots, margin = PageLayout(CELL_PX), list[CellSlot](), round(MARGIN_HEIGHTS * CELL_PX)
    for (row, column), crop in zip(places, crops if keep_print else without_print(crops), strict=True):
        if has_ink(crop, margin):
            page, x, y = layout.add(crop)
            box = Box(x + margin, y + margin, crop.shape[1] - 2 * margin, crop.shape[0] - 2 * margin)
            slots.append(CellSlot(row, column, box, page))
    return tuple(layout.pages()), slots


def _cell(image: Pixels, grid: Grid, to_image: NDArray[np.float64], row: int, column: int) -> Pixels:
    """Return a cell with its margin, without lines, neighbours and crossed-out numbers.

    Args:
        image: the reduced picture.
        grid: the table.
        to_image: homography from the picture to the reduced one.
        row: row of the cell.
        column: column of the cell.
    """
    quad = grid.corners[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
    area, to_picture = _upright(cv2.perspectiveTransform(quad[None], to_image)[0])
    crop, margin = cut_out(image, to_picture, area, CELL_PX)
    return without_crossed_out(_own_ink(_without_lines(crop, margin), margin), margin)


def _upright(quad: NDArray[np.float64]) -> tuple[Area, NDArray[np.float64]]:
    """Return an upright area of the size of a quadrilateral, and the homography from it to the quadrilateral."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    area = Area(0, 0, float(max(sides[0], sides[2])), float(max(sides[1], sides[3])))
    corners = np.array([(0, 0), (area.w, 0), (area.w, area.h), (0, area.h)], np.float32)
    return area, np.asarray(cv2.getPerspectiveTransform(corners, quad.astype(np.float32)), np.float64)


def _without_lines(crop: Pixels, margin: int) -> Pixels:
    """Return a cell without the lines around it; where a stroke crosses a line, the stroke stays."""
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    dark = np.asarray((grey < WHITE - MIN_PRINT), np.uint8)
    lines = cv2.bitwise_or(_edge_lines(dark, margin), _edge_lines(np.ascontiguousarray(dark.T), margin).T)
    strokes = cv2.subtract(dark, lines)
    crossing = np.zeros_like(dark)
    for piece in CROSSING_PIECES:
        crossing = np.maximum(crossing, np.asarray(cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, piece), np.uint8))
    return np.asarray(np.where((lines > crossing)[..., None], WHITE, crop), np.uint8)


def _edge_lines(dark: Mask, margin: int) -> Mask:
    """Return the lines that run along the rows of a cell, at its upper and lower edge."""
    height, width = dark.shape
    band = np.zeros_like(dark)
    for edge in (margin, height - margin):
        near = slice(max(0, edge - LINE_ERROR_PX), edge + LINE_ERROR_PX + 1)
        band[near] = dark[near]
    thick = cv2.dilate(band, np.ones((3, 1), np.uint8))
    piece = np.ones((1, max(MAX_LINE_PX, round(MIN_LINE_SHARE * (width - 2 * margin)))), np.uint8)
    long = cv2.dilate(cv2.morphologyEx(thick, cv2.MORPH_OPEN, piece), np.ones((3, 1), np.uint8))
    return np.asarray(cv2.bitwise_and(long, dark), np.uint8)


def _own_ink(crop: Pixels, margin: int) -> Pixels:
    """Return a cell without the ink whose middle is outside of it: that belongs to a neighbour."""
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    _, labels, stats, centres = cv2.connectedComponentsWithStats((grey < WHITE - MIN_INK // 2).astype(np.uint8))
    x, y = centres.T
    tops, bottoms = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    inside = (x >= margin) & (x < width - margin) & (y >= margin) & (y < height - margin)
    goes_on = (tops == 0) | (bottoms == height)
    within = np.minimum(bottoms, height - margin) - np.maximum(tops, margin)
    inside &= ~goes_on | (within >= MIN_INSIDE_SHARE * (height - 2 * margin))
    inside[0] = True
    foreign = cv2.dilate((~inside[labels]).astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(np.where(foreign[..., None] > 0, WHITE, crop), np.uint8)
