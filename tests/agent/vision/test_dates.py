"""A date is split at its slashes, although the nets read them as ones."""

from __future__ import annotations

import pytest

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import group_lines


def line(text: str, slash: tuple[int, int] = (12, 32)) -> list[Digit]:
    """Return digits of 18 x 30 pixels, and slashes that are read as ones; `slash` is their width and height."""
    sizes = [slash if character == "/" else (18, 30) for character in text]
    digits = [1 if character == "/" else int(character) for character in text]
    return [Digit(d, 0.9, Box(24 * i, 100 - h, w, h)) for i, (d, (w, h)) in enumerate(zip(digits, sizes, strict=True))]


def read(digits: list[Digit]) -> list[str]:
    return [reading.text for reading in group_lines(digits)]


@pytest.mark.parametrize("text", ["24/12/2001", "01/10/98", "12/31/1999", "1997/01/08", "11/11/11"])
def test_a_date_is_split_at_its_slashes(text: str) -> None:
    assert read(line(text)) == text.split("/")


@pytest.mark.parametrize("text", ["24/122001", "2412/2001", "1997/0108"])
def test_one_slash_is_enough_if_the_year_has_four_digits(text: str) -> None:
    assert "".join(read(line(text))) == text.replace("/", "")
    assert len(read(line(text))) == 3


@pytest.mark.parametrize("text", ["32/12/2001", "13/13/98", "1/1/98", "24/12/200", "24/1298", "24122001", "7/5"])
def test_a_number_that_is_not_a_date_keeps_its_ones(text: str) -> None:
    assert read(line(text)) == [text.replace("/", "1")]


@pytest.mark.parametrize(
    ("text", "one"),
    [
        pytest.param("01/10/98", (6, 32), id="upright"),
        pytest.param("24/12/2001", (8, 16), id="low"),
        pytest.param("24/12/2001", (31, 32), id="wide"),
    ],
)
def test_ones_without_the_shape_of_a_slash_are_kept(text: str, one: tuple[int, int]) -> None:
    assert read(line(text, one)) == [text.replace("/", "1")]
