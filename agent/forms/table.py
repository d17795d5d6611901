"""Ruled tables: each number of a page in its cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from math import prod

from agent.forms.grid import Grid, find_grid
from agent.vision.lines import Reading
from agent.vision.page import Page
from agent.vision.pixels import Pixels
from profiles.errors import PictureError

Place = tuple[int, int]
"""Row and column of a cell, from 0."""


@dataclass(frozen=True)
class TableCell:
    """What stands in a cell."""

    texts: tuple[str, ...]
    """The numbers, from left to right and from top to bottom; none if the cell is empty."""
    confidence: float
    """Product of the confidences of the numbers; 1 if there is none."""
    corners: tuple[tuple[float, float], ...]
    """The four corners: x and y in pixels of the picture, clockwise from the upper left."""

    @property
    def text(self) -> str:
        """The numbers with spaces between them."""
        return " ".join(self.texts)


@dataclass(frozen=True)
class RuledTable:
    """A ruled table."""

    cells: tuple[tuple[TableCell, ...], ...]
    """The cells, row by row."""

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The text of each cell, row by row."""
        return tuple(tuple(cell.text for cell in row) for row in self.cells)

    def to_csv(self) -> str:
        """Return the table as CSV; its lines end in a line feed."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(self.rows)
        return out.getvalue()

    def to_dict(self) -> dict[str, object]:
        """Return the table as plain types, ready for JSON.

        Returns:
            `rows`, a list of rows of cells, each with `texts`, `confidence` (0..1) and `corners`, four points in pixels
            of the picture.
        """
        return {
            "rows": [
                [
                    {
                        "texts": list(cell.texts),
                        "confidence": round(cell.confidence, 4),
                        "corners": [[round(x, 1), round(y, 1)] for x, y in cell.corners],
                    }
                    for cell in row
                ]
                for row in self.cells
            ]
        }


def read_table(image: Pixels, read: Callable[[Pixels], Page]) -> RuledTable:
    """Read the ruled table of a picture; if there are several, the one with the most cells.

    Args:
        image: BGR uint8 (H, W, 3).
        read: reads a picture.

    Raises:
        PictureError: there is no ruled table.
    """
    grid = find_grid(image)
    if grid is None:
        raise PictureError(
            "there is no ruled table in the picture", advice="photograph the whole table, turned by less than 40°"
        )
    return fill_grid(grid, read(image))


def fill_grid(grid: Grid, page: Page) -> RuledTable:
    """Return the table of a grid with the numbers of a page in its cells."""
    numbers: dict[Place, list[tuple[str, float]]] = {}
    for reading in page.readings:
        for place, text, confidence in _parts(grid, reading):
            numbers.setdefault(place, []).append((text, confidence))
    rows, columns = grid.size
    return RuledTable(
        tuple(tuple(_cell(grid, (r, c), numbers.get((r, c), [])) for c in range(columns)) for r in range(rows))
    )


def _parts(grid: Grid, reading: Reading) -> Iterator[tuple[Place, str, float]]:
    """Yield a number with the cell in which it stands; one that crosses a line of the table is parted there."""
    cells = [(grid.cell_at(*digit.box.centre), digit) for digit in reading.digits]
    parts = [(place, [digit for _, digit in part]) for place, part in groupby(cells, key=lambda one: one[0])]
    for place, digits in parts:
        if place is None:
            continue
        if len(parts) == 1:
            yield place, reading.text, reading.confidence
        else:
            yield place, "".join(str(digit.digit) for digit in digits), prod(digit.probability for digit in digits)


def _cell(grid: Grid, place: Place, numbers: list[tuple[str, float]]) -> TableCell:
    row, column = place
    around = grid.corners[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
    texts, confidences = tuple(text for text, _ in numbers), [confidence for _, confidence in numbers]
    return TableCell(texts, prod(confidences), tuple((float(x), float(y)) for x, y in around))
