"""A text that follows a notation is more probable than one with the same digits that follows none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.line_text import CHARACTERS
from agent.vision.notation import MAX_CHARACTER_GAP_PX, NOTATION_BONUS, follows_notation, notation_bonus

PITCH_PX = 20.0


@pytest.mark.parametrize(
    "text",
    [
        *("7", "0123", "3.14", "13.254,00", "1'234.50", "-42", "+8", "$79.80", "15.000,-", "50%", "2345,"),
        *("8/4", "27/11/26", "27.11.2026", "2026-11-27", "15:57", "15:57:30", "555-1234", "(030)123-4567", "(943)"),
    ],
)
def test_usual_notations(text: str) -> None:
    assert follows_notation(text)


@pytest.mark.parametrize(
    "text", ["15.581.07", "1.9.63.758", "26:8197", "48/55/1", "3..4", "$$5", "9.8%3", "12/", "1,2,3"]
)
def test_other_texts(text: str) -> None:
    assert not follows_notation(text)


@pytest.mark.parametrize(
    ("text", "wide_gap_before", "follows"),
    [
        ("13,754,2", None, False),
        ("13,754,2", 5, True),  # "13,75" and "4,2"
        ("13,7a54,2", None, True),
        ("a", None, True),
        ("", None, True),
    ],
)
def test_each_number_of_a_line_follows_a_notation(text: str, wide_gap_before: int | None, follows: bool) -> None:
    gap = 2 * MAX_CHARACTER_GAP_PX
    positions = [PITCH_PX * i + (gap if wide_gap_before and i >= wide_gap_before else 0) for i in range(len(text))]
    assert notation_bonus(text, positions) == (NOTATION_BONUS if follows else 0.0)


@given(st.text(CHARACTERS, max_size=20))
def test_any_text_has_a_bonus_or_none(text: str) -> None:
    assert notation_bonus(text, [PITCH_PX * i for i in range(len(text))]) in (0.0, NOTATION_BONUS)


@given(st.text("0123456789", min_size=1, max_size=20))
def test_digits_alone_are_a_number(text: str) -> None:
    assert follows_notation(text)
