from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from agent.forms.grid import find_grid
from benchmarks.numbers.handwriting import HeldOutHandwriting
from benchmarks.tables.drawn import COLUMNS, ROWS, draw_table
from converters.data.strokes import PenItem

ZIGZAG = np.array([(0, 0), (40, 0), (0, 80), (40, 80)], np.float32)


@pytest.fixture
def handwriting() -> HeldOutHandwriting:
    """Return a writer to whom all digits are the same zigzag."""
    writer: Mapping[str, list[PenItem]] = {
        str(digit): [PenItem(str(digit), "somebody", (ZIGZAG,))] for digit in range(10)
    }
    return HeldOutHandwriting(writer, [writer], {}, [], [], [])


@pytest.mark.parametrize("seed", range(4))
def test_a_drawn_table_is_found_where_it_was_drawn(handwriting: HeldOutHandwriting, seed: int) -> None:
    table = draw_table(np.random.default_rng(seed), handwriting)
    rows, columns = table.centres.shape[:2]
    assert ROWS[0] <= rows <= ROWS[1]
    assert COLUMNS[0] <= columns <= COLUMNS[1]
    assert [len(row) for row in table.cells] == [columns] * rows
    grid = find_grid(table.sheet)
    assert grid is not None
    places = [grid.cell_at(*table.centres[place].tolist()) for place in np.ndindex(rows, columns)]
    assert places == list(np.ndindex(rows, columns))
    again = draw_table(np.random.default_rng(seed), handwriting)
    assert np.array_equal(table.sheet, again.sheet)
    assert table.cells == again.cells
