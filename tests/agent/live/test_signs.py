"""A number in a video keeps the signs that a thorough look read, until its digits change or it moves away."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.live.signs import with_signs
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Alternative, Reading, group_lines


def quick(text: str, x: int = 100) -> Reading:
    """Return a number as a quick look reads it."""
    (reading,) = group_lines([Digit(int(c), 0.9, Box(x + 30 * i, 50, 24, 40)) for i, c in enumerate(text)])
    return reading


def thorough(text: str) -> Reading:
    """Return a number with one decimal point as a line recogniser reads it."""
    plain = quick(text.replace(".", ""))
    others = (Alternative("3.19", 0.2),)
    return replace(plain, text=text, confidence=0.7, alternatives=others, value=Decimal(text), value_note="")


def test_a_number_keeps_its_signs_confidence_and_alternatives() -> None:
    before = thorough("3.14")
    now = with_signs(quick("314", x=104), [before])
    assert now == replace(before, box=now.box, digits=now.digits)
    assert now.box.x == 104


@pytest.mark.parametrize("now", [quick("319"), quick("31"), quick("314", x=400)], ids=["other", "part", "elsewhere"])
def test_another_number_gets_no_signs(now: Reading) -> None:
    assert with_signs(now, [thorough("3.14")]) == now


def test_a_newer_reading_of_the_signs_counts() -> None:
    newer = thorough("31.4")
    assert with_signs(newer, [thorough("3.14")]) == newer


def test_a_marked_edge_stays_marked() -> None:
    assert with_signs(replace(quick("314"), cut_by_edge=True), [thorough("3.14")]).cut_by_edge
