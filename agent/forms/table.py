"""Ruled tables: each number of a page in its cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from agent.forms.cells import CellSlot, cut_cells
from agent.forms.grid import Grid, find_grid
from agent.forms.page_layout import in_ink
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


def read_table(image: Pixels, read: Callable[[Pixels], Page], *, keep_print: bool = True) -> RuledTable:
    """Read the ruled table of a picture; if there are several, the one with the most cells.

    Args:
        image: BGR uint8 (H, W, 3).
        read: reads a picture.
        keep_print: whether black or grey ink counts in a table that is filled in with a coloured pen.

    Raises:
        PictureError: there is no ruled table.
    """
    grid = find_grid(image)
    if grid is None:
        raise PictureError(
            "there is no ruled table in the picture", advice="photograph the whole table, turned by less than 40°"
        )
    return fill_grid(image, grid, read, keep_print=keep_print)


def fill_grid(image: Pixels, grid: Grid, read: Callable[[Pixels], Page], *, keep_print: bool = True) -> RuledTable:
    """Read the cells of a table that was found; the other arguments as in `read_table`."""
    pages, slots = cut_cells(image, grid, keep_print=keep_print)
    read_pages = [read(page) for page in pages]
    written = [in_ink(page, read_page.readings) for page, read_page in zip(pages, read_pages, strict=True)]
    numbers = {(slot.row, slot.column): _inside(slot, written[slot.page]) for slot in slots}
    rows, columns = grid.size
    return RuledTable(
        tuple(tuple(_cell(grid, (r, c), numbers.get((r, c), ())) for c in range(columns)) for r in range(rows))
    )


def _inside(slot: CellSlot, readings: Sequence[Reading]) -> Sequence[Reading]:
    """Return the numbers in a cell, in reading order."""
    box = slot.box
    middles = [(reading, *reading.box.centre) for reading in readings]
    return [one for one, x, y in middles if box.x <= x < box.right and box.y <= y < box.bottom]


def _cell(grid: Grid, place: Place, readings: Sequence[Reading]) -> TableCell:
    row, column = place
    around = grid.corners[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
    confidence = prod(reading.confidence for reading in readings)
    corners = tuple((float(x), float(y)) for x, y in around)
    return TableCell(tuple(reading.text for reading in readings), confidence, corners)
