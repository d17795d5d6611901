"""Digits are grouped into lines and numbers, in reading order."""

from __future__ import annotations

import random

import pytest

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import group_lines


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


def test_a_reading_has_the_box_around_its_digits_and_the_product_of_their_probabilities() -> None:
    (reading,) = group_lines([Digit(4, 0.95, Box(10, 10, 20, 30)), Digit(2, 0.6, Box(35, 12, 20, 30))])
    assert reading.text == "42"
    assert reading.box == Box(10, 10, 45, 32)
    assert reading.confidence == pytest.approx(0.95 * 0.6)
