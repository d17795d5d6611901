"""Numbers at the edge of the picture, read from drawn pictures with a simple net."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.pipeline import QUICK, THOROUGH, Depth, read_page
from tests.agent.vision.test_pipeline import Alone, NearestShape, print_number

WIDTH, HEIGHT = 400, 200
SCALE = 2.0
"""Digits are 44 pixels high, and 12 pixels apart."""


def ink_right(text: str) -> int:
    """Return the distance from the left end of a printed number to the right end of its ink; fonts differ in width."""
    sheet = np.full((HEIGHT, 3 * WIDTH, 3), 215, np.uint8)
    print_number(sheet, text, (WIDTH, 120), SCALE)
    return int(np.flatnonzero((sheet < 215).any(axis=(0, 2)))[-1]) - WIDTH


def cut_numbers(text: str, left: int, bottom: int = 120, depth: Depth = THOROUGH) -> dict[str, bool]:
    """Print a number on a sheet that is larger than the picture; return the readings, and whether the edge cuts them.

    Args:
        text: digits.
        left: left end of the number, in pixels of the picture; it may be outside.
        bottom: lower end of the number, in pixels of the picture.
        depth: depth of the look.
    """
    sheet = np.full((HEIGHT, 3 * WIDTH, 3), 215, np.uint8)
    print_number(sheet, text, (WIDTH + left, bottom), SCALE)
    page = read_page(sheet[:, WIDTH : 2 * WIDTH].copy(), Alone(NearestShape()), depth)
    return {reading.text: reading.cut_by_edge for reading in page.readings}


@pytest.mark.parametrize("depth", [QUICK, THOROUGH])
@pytest.mark.parametrize(("left", "bottom"), [(150, 120), (30, 120), (230, 120), (150, 50), (150, 190)])
def test_a_number_that_is_farther_from_the_edge_than_its_digits_from_each_other_is_whole(
    left: int, bottom: int, depth: Depth
) -> None:
    assert cut_numbers("408", left, bottom, depth) == {"408": False}


@pytest.mark.parametrize("depth", [QUICK, THOROUGH])
@pytest.mark.parametrize(
    ("left", "bottom", "why"),
    [
        (1, 120, "it touches the left edge"),
        (8, 120, "a digit at the usual distance would be outside on the left"),
        (WIDTH - 8 - ink_right("408"), 120, "a digit at the usual distance would be outside on the right"),
        (150, 44, "it touches the upper edge"),
        (150, 200, "it touches the lower edge"),
    ],
)
def test_a_number_at_the_edge_may_be_cut(left: int, bottom: int, why: str, depth: Depth) -> None:
    assert cut_numbers("408", left, bottom, depth) == {"408": True}, why


@pytest.mark.parametrize("left", [-26, -20, 232, 244])
def test_a_number_with_a_digit_that_is_partly_outside_is_cut(left: int) -> None:
    found = cut_numbers("4083", left)
    assert found
    assert all(found.values()), found


def test_a_digit_alone_at_the_edge_may_be_one_of_several() -> None:
    assert cut_numbers("4", 14) == {"4": True}
    assert cut_numbers("4", 40) == {"4": False}
