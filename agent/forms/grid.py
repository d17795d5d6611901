"""Find the grid of a ruled table in a picture; it may be turned, tilted, and a little bent."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.propose import dark_mask
from agent.vision.pixels import Pixels

GRID_PX = 1400
"""Longest side of the picture in which grids are searched, in pixels. Raising it finds thinner lines in more time."""
MIN_TABLE_SHARE = 0.12
"""Smallest side of a table, as a share of the same side of the picture."""
MAX_COMPONENTS = 6
"""Number of the largest connected pieces of print that are tried."""
JOINED_PX = 3
"""Lines with a gap of less than this are one piece, in pixels. Raising it joins a table with print beside it."""
MIN_COVERAGE = 0.4
"""Share of its length on which a line must be seen. Raising it loses interrupted lines, lowering it finds lines in
writing."""
BEND_SHARE = 0.008
"""How far a line may bend, as a share of the other side of the table, and still be found at once."""
MIN_GAP_SHARE = 0.012
"""Smallest distance of two lines, as a share of the side of the table."""
SEARCH_SHARE = 0.3
"""Distance in which a line is followed from cell to cell, in cells."""
STROKE_SHARE = 1 / 8
"""Shortest piece of a line, as a share of the side of the table: longer than a digit in a cell, shorter than a bend."""
CELL_STROKE_SHARE = 0.85
"""Shortest piece of a line as a share of a cell's side, once the lines that cross it are known: longer than a digit."""
MIN_SIDE_SHARE = 0.5
"""Smallest side of a cell that counts, as a share of the median side. Raising it loses lines of which only pieces in
narrow cells are there; lowering it takes strokes for lines where a line was found wrongly. A guess that was never
measured."""
MARGIN_PX = 12
"""Room around a straightened table, in pixels: its outer lines are bent, too."""
Lines = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """The lines of a table."""

    corners: NDArray[np.float64]
    """Crossings of the lines in pixels of the picture, float64 (rows + 1, columns + 1, 2)."""
    to_flat: NDArray[np.float64]
    """Homography from pixels of the picture to the straightened table, float64 (3, 3)."""
    flat: NDArray[np.float64]
    """The crossings in the straightened table, float64 (rows + 1, columns + 1, 2)."""

    @property
    def size(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return self.corners.shape[0] - 1, self.corners.shape[1] - 1

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the row and the column of a point of the picture; None outside the table."""
        (u, v) = cv2.perspectiveTransform(np.array([[(x, y)]], np.float64), self.to_flat)[0, 0]
        row = bisect([float(np.interp(u, line[:, 0], line[:, 1])) for line in self.flat], v) - 1
        column = bisect([float(np.interp(v, line[:, 1], line[:, 0])) for line in self.flat.swapaxes(0, 1)], u) - 1
        rows, columns = self.size
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None


def find_grid(image: Pixels) -> Grid | None:
    """Find the table with the most cells in a picture, BGR uint8 (H, W, 3); None if there is none."""
    scale = min(1.0, GRID_PX / max(image.shape[:2]))
    small = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    dark = dark_mask(np.asarray(small, np.uint8))
    grids = [grid for part, quad in _quads(dark) if (grid := _grid(part, quad, scale)) is not None]
    return max(grids, key=lambda grid: grid.size[0] * grid.size[1], default=None)


def _quads(dark: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """Yield the large connected pieces of print that have four corners.

    Yields:
        The mask of a piece, uint8 (H, W), 0 or 255, and its corners, float64 (4, 2).
    """
    joined = cv2.dilate(dark, np.ones((JOINED_PX, JOINED_PX), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    h, w = dark.shape
    large = [
        number
        for number in range(1, len(stats))
        if stats[number, 2] > MIN_TABLE_SHARE * w and stats[number, 3] > MIN_TABLE_SHARE * h
    ]
    for number in sorted(large, key=lambda one: -int(stats[one, 2]) * int(stats[one, 3]))[:MAX_COMPONENTS]:
        x, y, width, height = map(int, stats[number, :4])
        part = (labels[y : y + height, x : x + width] == number).astype(np.uint8)
        hull = cv2.convexHull(cv2.findNonZero(part)) + np.array((x, y))
        length = cv2.arcLength(hull.astype(np.float32), True)
        for share in np.arange(0.01, 0.12, 0.01):
            corners = cv2.approxPolyDP(hull.astype(np.float32), share * length, True)[:, 0]
            if len(corners) == 4:
                yield np.where(labels == number, dark, 0).astype(np.uint8), _ordered(corners.astype(np.float64))
            if len(corners) <= 4:
                break


def _ordered(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return four corners clockwise, from the upper left."""
    centred = corners - corners.mean(axis=0)
    clockwise = corners[np.argsort(np.arctan2(centred[:, 1], centred[:, 0]))]
    return np.roll(clockwise, -int(np.argmin(clockwise.sum(axis=1))), axis=0)


def _grid(dark: NDArray[np.uint8], quad: NDArray[np.float64], scale: float) -> Grid | None:
    """Return the grid in an outline; None if it has no cells."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    w, h = round(max(sides[0], sides[2])), round(max(sides[1], sides[3]))
    flat_quad = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32) + MARGIN_PX
    to_flat = cv2.getPerspectiveTransform(quad.astype(np.float32), flat_quad)
    flat = cv2.warpPerspective(dark, to_flat, (w + 2 * MARGIN_PX, h + 2 * MARGIN_PX))
    mask = (flat > 127).astype(np.uint8)
    upright = np.ascontiguousarray(mask.T)
    rows = _lines(_long_strokes(mask, STROKE_SHARE * mask.shape[1]))
    down = _long_strokes(upright, _stroke_px(rows, STROKE_SHARE * mask.shape[0]))
    columns = _lines(down)
    across = _long_strokes(mask, _stroke_px(columns, STROKE_SHARE * mask.shape[1]))
    rows = _lines(across)
    if len(rows) < 2 or len(columns) < 2 or len(rows) + len(columns) < 5:
        return None
    ys = _followed(across, rows, columns)
    xs = _followed(down, columns, rows).T
    crossings = np.stack([xs, ys], axis=2)
    to_picture = np.linalg.inv(np.asarray(to_flat, np.float64))
    corners = cv2.perspectiveTransform(crossings.reshape(1, -1, 2), to_picture).reshape(crossings.shape)
    to_scaled = np.diag([scale, scale, 1.0])
    return Grid(np.asarray(corners, np.float64) / scale, np.asarray(to_flat, np.float64) @ to_scaled, crossings)


def _stroke_px(crossing: list[float], otherwise: float) -> float:
    """Return the shortest piece of a line that counts, from the places of the lines that cross it.

    Pieces between two lines may be missing, so the narrowest cell counts; but a line found wrongly must not.
    """
    if len(crossing) < 2:
        return otherwise
    sides = np.diff(crossing)
    return CELL_STROKE_SHARE * max(float(sides.min()), MIN_SIDE_SHARE * float(np.median(sides)))


def _long_strokes(mask: NDArray[np.uint8], length: float) -> NDArray[np.uint8]:
    """Return the strokes of a mask that run along its rows for longer than those of digits, uint8 (H, W), 0 or 1."""
    thick = cv2.dilate(mask, np.ones((5, 1), np.uint8))
    piece = np.ones((1, max(15, round(length))), np.uint8)
    return np.asarray(cv2.morphologyEx(thick, cv2.MORPH_OPEN, piece), np.uint8)


def _lines(strokes: NDArray[np.uint8]) -> list[float]:
    """Return the places of the lines that run along the rows of a mask."""
    height = strokes.shape[0]
    reach = 2 * (round(BEND_SHARE * height) + 1) + 1
    coverage = cv2.dilate(strokes, np.ones((reach, 1), np.uint8))[:, MARGIN_PX:-MARGIN_PX].mean(axis=1)
    weights = strokes.sum(axis=1).astype(np.float64)
    inside = np.flatnonzero(coverage >= MIN_COVERAGE)
    runs = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1) if len(inside) else []
    places = [float(np.average(run, weights=weights[run])) for run in runs if weights[run].sum() > 0]
    merged: list[float] = []
    for place in places:
        if merged and place - merged[-1] < MIN_GAP_SHARE * height:
            merged[-1] = (merged[-1] + place) / 2
        else:
            merged.append(place)
    return merged


def _followed(strokes: NDArray[np.uint8], lines: list[float], crossing: list[float]) -> Lines:
    """Follow each line from cell to cell.

    Args:
        strokes: mask in which the lines run along the rows.
        lines: the places of the lines.
        crossing: the places of the lines that cross them.

    Returns:
        The place of each line at each crossing, float64 (lines, crossing lines).
    """
    middles = (np.array(crossing[1:]) + np.array(crossing[:-1])) / 2
    found = np.empty((len(lines), len(crossing)))
    for number, line in enumerate(lines):
        near = min(abs(line - other) for other in lines if other != line)
        top, bottom = max(0, round(line - SEARCH_SHARE * near)), round(line + SEARCH_SHARE * near) + 1
        places = []
        for left, right in pairwise(crossing):
            seen = strokes[top:bottom, round(left) : round(right)].mean(axis=1)
            places.append(
                top + float(np.average(np.arange(len(seen)), weights=seen**4)) if seen.max() > 0.5 else np.nan
            )
        known = ~np.isnan(places)
        at_middles = (
            np.interp(middles, middles[known], np.array(places)[known]) if known.any() else np.full(len(middles), line)
        )
        found[number] = np.interp(crossing, middles, at_middles)
    return found
