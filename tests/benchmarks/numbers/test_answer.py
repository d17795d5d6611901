"""What a page says, compared with the truth."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Alternative, Reading
from agent.vision.page import Page
from benchmarks.numbers.answer import Answer, FalseResult, answer_of, false_result, string_results
from benchmarks.numbers.case import Case


def reading(text: str, x: int, confidence: float, *alternatives: Alternative) -> Reading:
    """A reading with a digit of 10 × 20 pixels for each digit of the text."""
    digits = tuple(Digit(int(c), 0.99, Box(x + 12 * i, 0, 10, 20)) for i, c in enumerate(text) if c.isdigit())
    return Reading(text, Box(x, 0, 12 * len(text), 20), confidence, digits, alternatives)


def page(*readings: Reading) -> Page:
    return Page(400, 40, tuple(d for r in readings for d in r.digits), readings, {})


def case(text: str, *, has_signs: bool = False, things: int = 0) -> Case:
    return Case("kind", np.zeros((2, 2, 3), np.uint8), text, has_signs, things)


@pytest.mark.parametrize(
    ("readings", "answer"),
    [
        ((), Answer("", 0.0, 0.0, 0)),
        ((reading("42", 0, 0.95),), Answer("42", 0.95, 0.95, 2)),
        ((reading("-42", 0, 0.9), reading("7", 90, 0.5)), Answer("-42 7", 0.45, 0.45, 2)),
        ((reading("27", 0, 0.4), reading("11", 90, 0.5)), Answer("27 11", 0.2, 0.2, 0)),
        ((reading("4.2", 0, 0.6, Alternative("4,2", 0.35), Alternative("4.7", 0.05)),), Answer("4.2", 0.6, 0.95, 2)),
    ],
)
def test_an_answer_has_all_readings(readings: tuple[Reading, ...], answer: Answer) -> None:
    assert answer_of(page(*readings)) == pytest.approx(answer)


@pytest.mark.parametrize(
    ("ignored", "text"),
    [
        ([], "42 7"),
        ([Box(0, 0, 10, 20)], "2 7"),
        ([Box(0, 0, 24, 20)], "7"),
        ([Box(0, 0, 4, 20)], "42 7"),  # less than half of the digit
        ([Box(0, 0, 400, 40)], ""),
    ],
)
def test_digits_at_ignored_places_do_not_count(ignored: list[Box], text: str) -> None:
    assert answer_of(page(reading("42", 0, 0.9), reading("7", 90, 0.9)), ignored).text == text


@pytest.mark.parametrize(
    ("truth", "has_signs", "read", "right"),
    [
        ("42", False, "42", [True]),
        ("42", False, "4.2", [True]),
        ("42", False, "4 2", [True]),
        ("42", False, "412", [False]),
        ("-42", True, "-42", [True, True]),
        ("-42", True, "42", [True, False]),
        ("4/2", True, "4 2", [True, False]),
        ("4/2", True, "412", [False, False]),
    ],
)
def test_signs_count_where_they_are_known(truth: str, has_signs: bool, read: str, right: list[bool]) -> None:
    results = string_results(case(truth, has_signs=has_signs), Answer(read, 0.7, 0.8, 0))
    assert [result.right for result in results] == right
    assert [result.kind for result in results] == ["kind", "kind, as written"][: len(right)]
    assert [result.confidence for result in results] == [0.8, 0.7][: len(right)]


def test_each_digit_is_false_where_there_is_none() -> None:
    answer = answer_of(page(reading("1.0", 0, 0.95), reading("7", 90, 0.6)))
    assert false_result(case("", things=5), answer) == FalseResult("kind", 5, 3, 2)
