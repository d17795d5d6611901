"""Dates: high strokes between day, month and year are slashes, and ones elsewhere are ones."""

from __future__ import annotations

import pytest

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import group_lines


def line(text: str, slash_px: int) -> list[Digit]:
    """Digits 30 pixels high, and slashes, which are read as ones."""
    high = [slash_px if sign == "/" else 30 for sign in text]
    digits = [1 if sign == "/" else int(sign) for sign in text]
    return [Digit(d, 0.9, Box(24 * i, 100 - h, 18, h)) for i, (d, h) in enumerate(zip(digits, high, strict=True))]


@pytest.mark.parametrize("text", ["24/12/2001", "01/10/98", "12/31/1999", "1997/01/08", "11/11/11"])
def test_slashes_part_a_date(text: str) -> None:
    assert [reading.text for reading in group_lines(line(text, 36))] == text.split("/")


@pytest.mark.parametrize("text", ["32/12/2001", "13/13/98", "1/1/98", "24/12/200", "7/5"])
def test_what_is_no_date_keeps_its_ones(text: str) -> None:
    assert [reading.text for reading in group_lines(line(text, 36))] == [text.replace("/", "1")]


def test_ones_as_high_as_the_other_digits_are_ones() -> None:
    assert [reading.text for reading in group_lines(line("24/12/2001", 30))] == ["2411212001"]
