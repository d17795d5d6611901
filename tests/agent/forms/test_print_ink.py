from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.forms.page_layout import WHITE
from agent.forms.print_ink import without_print

BLUE, BLACK, GREY = (128, 52, 28), (44, 40, 42), (120, 120, 120)
Colour = tuple[int, int, int]


def cell(*inks: Colour) -> NDArray[np.uint8]:
    """A cell with a stroke of each ink, side by side."""
    crop = np.full((40, 120, 3), WHITE, np.uint8)
    for place, ink in enumerate(inks):
        crop[8:32, 10 + 30 * place : 14 + 30 * place] = ink
    return crop


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        pytest.param([(BLUE,), (BLACK,)], [(BLUE,), ()], id="print-in-another-cell"),
        pytest.param([(BLUE, GREY)], [(BLUE,)], id="print-beside-handwriting"),
        pytest.param([(BLACK,), (GREY,)], [(BLACK,), (GREY,)], id="no-coloured-pen"),
        pytest.param([(), (BLUE,)], [(), (BLUE,)], id="no-print"),
    ],
)
def test_black_and_grey_ink_is_left_out_beside_a_coloured_pen(
    cells: list[tuple[Colour, ...]], left: list[tuple[Colour, ...]]
) -> None:
    found = without_print([cell(*inks) for inks in cells])
    assert all(np.array_equal(one, cell(*inks)) for one, inks in zip(found, left, strict=True))


def test_one_coloured_speck_does_not_make_black_handwriting_print() -> None:
    cells = [cell(BLUE), *(cell(BLACK) for _ in range(20))]
    assert all(np.array_equal(*pair) for pair in zip(without_print(cells), cells, strict=True))
