"""A line is split into numbers at letters and at wide gaps; a sign may stand in a wider gap than two digits."""

from __future__ import annotations

import pytest

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.line_numbers import PlacedCharacter, split_numbers

WIDTH_PX, HEIGHT_PX = 12, 20


def line(text: str) -> list[PlacedCharacter]:
    """Return characters with their left edges 14 pixels apart; a space is 14 pixels wide."""
    characters = []
    for index, character in enumerate(text):
        if character != " ":
            box = Box(14 * index, 0, WIDTH_PX, HEIGHT_PX)
            digit = Digit(int(character), 0.9, box) if character.isdigit() else None
            characters.append(PlacedCharacter(character, box.centre[0], digit))
    return characters


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("345", ["345"]),
        ("12  34", ["12", "34"]),
        ("12a34", ["12", "34"]),
        ("3.14", ["3.14"]),
        ("345-8765", ["345-8765"]),
        ("345 -8765", ["345-8765"]),  # the writer left a gap before the dash
        ("12    -8", ["12", "-8"]),
        ("12,    8", ["12,", "8"]),
        (".5", ["5"]),  # a dot before the first digit is dirt more often than a decimal point
        ("5%  7%", ["5%", "7%"]),
        ("a", []),
        ("-", []),
        ("", []),
    ],
)
def test_numbers_of_a_line(text: str, numbers: list[str]) -> None:
    assert [number for number, _ in split_numbers(line(text))] == numbers


def test_each_number_has_its_digits() -> None:
    (_, first), (_, second) = split_numbers(line("1.2   34"))
    assert [digit.digit for digit in (*first, *second)] == [1, 2, 3, 4]
    assert (len(first), second[0].box.x) == (2, 14 * 6)
