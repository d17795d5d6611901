"""Digits are grouped into lines and numbers, in reading order."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import MAX_NUMBER_GAP_HEIGHTS, MIN_NUMBER_GAP_HEIGHTS, group_lines


def written(*rows: tuple[int, int, str], slope: float = 0.0) -> list[Digit]:
    """Return shuffled digits of 20 x 30 pixels; rows are (left, top, text), and a space is a gap of one digit."""
    digits = []
    for left, top, text in rows:
        for i, character in enumerate(text):
            if character != " ":
                x = left + 26 * i
                digits.append(Digit(int(character), 0.9, Box(x, round(top + slope * x), 20, 30)))
    random.Random(0).shuffle(digits)
    return digits


@pytest.mark.parametrize(
    ("digits", "texts"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(written((10, 10, "7")), ["7"], id="one-digit"),
        pytest.param(written((10, 10, "561247")), ["561247"], id="one-number"),
        pytest.param(written((10, 10, "12 345")), ["12", "345"], id="two-numbers"),
        pytest.param(written((10, 60, "78"), (10, 10, "56")), ["56", "78"], id="two-lines"),
        pytest.param(written((10, 10, "12345678901234"), slope=0.12), ["12345678901234"], id="sloping-line"),
        pytest.param(written((400, 12, "2"), (10, 10, "1")), ["1", "2"], id="columns-side-by-side"),
        pytest.param([*written((10, 10, "123")), Digit(1, 0.9, Box(90, 34, 4, 8))], ["123"], id="a-comma-is-dropped"),
    ],
)
def test_readings(digits: list[Digit], texts: list[str]) -> None:
    assert [reading.text for reading in group_lines(digits)] == texts


HEIGHT_PX = 30


def spaced(*gaps: float) -> list[Digit]:
    """Return 8s in one line, with gaps in heights of a digit."""
    lefts = [10]
    for gap in gaps:
        lefts.append(lefts[-1] + 20 + round(gap * HEIGHT_PX))
    return [Digit(8, 0.9, Box(left, 10, 20, HEIGHT_PX)) for left in lefts]


@pytest.mark.parametrize(
    ("gaps", "lengths"),
    [
        pytest.param((0.9,), [1, 1], id="one-gap-shows-no-rhythm"),
        pytest.param((0.8, 0.9, 0.7, 1.0), [5], id="written-wide"),
        pytest.param((0.2, 0.3, 0.9, 0.2), [3, 2], id="written-close"),
        pytest.param((0.9, 0.2, 0.9, 0.2, 0.9), [1, 2, 2, 1], id="short-numbers"),
        pytest.param((0.6, 0.6, 1.2, 0.6, 0.6), [3, 3], id="written-wide-with-a-space"),
        pytest.param((1.3, 1.3, 1.3, 1.3), [1] * 5, id="cells-of-a-table"),
    ],
)
def test_a_gap_is_wide_compared_with_the_other_gaps_of_its_line(gaps: tuple[float, ...], lengths: list[int]) -> None:
    assert [len(reading.text) for reading in group_lines(spaced(*gaps))] == lengths


@given(st.lists(st.floats(0.0, 2.5), min_size=1, max_size=12))
def test_narrow_gaps_never_split_and_the_widest_always_do(gaps: list[float]) -> None:
    readings = group_lines(spaced(*gaps))
    within = [b.box.x - a.box.right for r in readings for a, b in pairwise(r.digits)]
    between = [b.box.x - a.box.right for a, b in pairwise(readings)]
    assert max(within, default=0) <= MAX_NUMBER_GAP_HEIGHTS * HEIGHT_PX
    assert min(between, default=HEIGHT_PX) > MIN_NUMBER_GAP_HEIGHTS * HEIGHT_PX


def test_a_reading_has_the_box_around_its_digits_and_the_product_of_their_probabilities() -> None:
    (reading,) = group_lines([Digit(4, 0.95, Box(10, 10, 20, 30)), Digit(2, 0.6, Box(35, 12, 20, 30))])
    assert reading.text == "42"
    assert reading.box == Box(10, 10, 45, 32)
    assert reading.confidence == pytest.approx(0.95 * 0.6)
