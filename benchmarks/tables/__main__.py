"""Measure how well ruled tables are read.

Exit code 0, or 1 if the handwriting cannot be read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from agent.forms.grid import Grid, find_grid
from agent.forms.table import fill_grid
from agent.reader import Reader
from agent.vision.pixels import Pixels
from benchmarks.forms.photo import photograph_with_view
from benchmarks.numbers.handwriting import HeldOutHandwriting, load_handwriting
from benchmarks.report import run_benchmark
from benchmarks.tables.drawn import DrawnCell, draw_table

SEED = 67
MAX_TURN_DEG, MAX_TILT_DEG = 20.0, 30.0


@dataclass(frozen=True)
class TableFigures:
    """What became of the cells of a table."""

    cells: int = 0
    placed: int = 0
    """Cells whose centre is in the cell of the same row and column that was found."""
    right: int = 0
    """Cells at their place with exactly their numbers."""
    seconds: float = 0.0
    """Time of the processor."""
    wrong: tuple[str, ...] = ()
    """What was read wrongly, for people."""
    crossed_out: int = 0
    """Cells, of those at their place, with a number that is crossed out."""
    left_out: int = 0
    """Those of them that are right."""

    def __add__(self, other: TableFigures) -> TableFigures:
        return TableFigures(
            self.cells + other.cells,
            self.placed + other.placed,
            self.right + other.right,
            self.seconds + other.seconds,
            self.wrong + other.wrong,
            self.crossed_out + other.crossed_out,
            self.left_out + other.left_out,
        )


def measure(number: int, handwriting: HeldOutHandwriting, reader: Reader) -> TableFigures:
    """Draw a table, photograph it, and read it."""
    rng = np.random.default_rng((SEED, number))
    table = draw_table(rng, handwriting)
    photo, view = photograph_with_view(rng, table.sheet, max_turn_deg=MAX_TURN_DEG, max_tilt_deg=MAX_TILT_DEG)
    shape = table.centres.shape
    centres = cv2.perspectiveTransform(table.centres.reshape(1, -1, 2), view).reshape(shape)
    return compare(f"table {number}", photo, reader, np.asarray(centres, np.float64), table.cells)


def compare(
    name: str, image: Pixels, reader: Reader, centres: NDArray[np.float64], drawn: Sequence[Sequence[DrawnCell]]
) -> TableFigures:
    """Read a table and compare it with what stands in it."""
    started, cells = time.process_time(), centres.shape[0] * centres.shape[1]
    grid = find_grid(image)
    if grid is None:
        return TableFigures(cells, seconds=time.process_time() - started, wrong=(f"{name}: not found",))
    rows = fill_grid(image, grid, reader.read_fields).rows
    seconds = time.process_time() - started
    placed = right = crossed_out = left_out = 0
    wrong = [] if grid.size == centres.shape[:2] else [f"{name}: {grid.size} instead of {centres.shape[:2]}"]
    for place in np.ndindex(*centres.shape[:2]):
        at = _cell_of(grid, centres[place])
        placed += at == place
        cell = drawn[place[0]][place[1]]
        true, read = " ".join(cell.numbers), "" if at is None else rows[at[0]][at[1]]
        right += at == place and true == read
        crossed_out += cell.has_crossed_out and at == place
        left_out += cell.has_crossed_out and at == place and true == read
        if at == place and true != read:
            note = " beside a crossed-out one" if cell.has_crossed_out else ""
            wrong.append(f"{name} {place}: {true!r}{note} read as {read!r}")
    return TableFigures(cells, placed, right, seconds, tuple(wrong), crossed_out, left_out)


def _cell_of(grid: Grid, centre: NDArray[np.float64]) -> tuple[int, int] | None:
    return grid.cell_at(float(centre[0]), float(centre[1]))


def sudokus(folder: Path, reader: Reader) -> TableFigures:
    """Read the sudokus of a folder with a `truth.json`, as tables of 9×9. Only handwritten digits count."""
    total = TableFigures()
    for name, truth in json.loads((folder / "truth.json").read_text()).items():
        if truth["kind"] != "sudoku":
            continue
        image = np.asarray(cv2.imread(str(folder / name)), np.uint8)
        grid = find_grid(image)
        if grid is None or grid.size != (9, 9):
            total += TableFigures(81, wrong=(f"{name}: {'not found' if grid is None else grid.size}",))
            continue
        rows = fill_grid(image, grid, reader.read_fields).rows
        places = [(digit, grid.cell_at(x + w / 2, y + h / 2)) for digit, x, y, w, h in truth["boxes"]]
        right = [at is not None and rows[at[0]][at[1]] == str(digit) for digit, at in places]
        wrong = tuple(
            f"{name} {at}: {digit} read as {rows[at[0]][at[1]]!r}"
            for (digit, at), is_right in zip(places, right, strict=True)
            if not is_right and at is not None
        )
        total += TableFigures(len(places), len({at for _, at in places}), sum(right), wrong=wrong)
    return total


def main(
    handwriting: Annotated[Path, typer.Option(metavar="DIR", help="Folder with `unipen` and `pendigits`.")],
    paper: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with photographed sudokus and their truth.json.")
    ] = None,
    tables: Annotated[int, typer.Option(min=1, help="Number of drawn tables.")] = 100,
    list_wrong: Annotated[bool, typer.Option("--list", help="List what is read wrongly.")] = False,
) -> None:
    """Draw ruled tables that held-out writers filled in, photograph them, and read them."""
    hands, reader, console = load_handwriting(handwriting), Reader(), Console(width=130)
    drawn = sum((measure(number, hands, reader) for number in range(tables)), TableFigures())
    figures = {f"{tables} drawn tables": drawn}
    if paper is not None:
        figures["sudokus"] = sudokus(paper, reader)
    for name, one in figures.items():
        console.print(
            f"{name}: cells {one.cells}, at their place {one.placed / one.cells:.2%}, "
            f"right {one.right / one.cells:.2%}; of {one.crossed_out} with a crossed-out number {one.left_out} right; "
            f"{one.seconds:.0f} s of the processor",
            highlight=False,
        )
        for line in one.wrong if list_wrong else ():
            console.print(line, highlight=False)


if __name__ == "__main__":
    run_benchmark(main, "benchmarks.tables")
