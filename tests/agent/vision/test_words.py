"""Digits among letters are letters."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.box import Box
from agent.vision.candidates import Candidate
from agent.vision.components import Atom
from agent.vision.digits import Digit
from agent.vision.words import outside_words

LETTER_PX = 20


def row(shapes: str, y: int = 0) -> dict[Candidate, str]:
    """A row of shapes: digits, letters (`a`), slim ones (`|`), commas and spaces, each a cluster of its own."""
    found = {}
    for place, shape in enumerate(shapes):
        if shape == " ":
            continue
        box = Box(
            place * LETTER_PX,
            y + (15 if shape == "," else 0),
            4 if shape in "|," else LETTER_PX - 6,
            5 if shape == "," else LETTER_PX,
        )
        atom = Atom(box, np.ones((box.h, box.w), np.uint8), box.w * box.h)
        found[Candidate(1000 * y + place, 0, 0, box, (atom,))] = shape
    return found


@pytest.mark.parametrize(
    ("shapes", "read"),
    [
        pytest.param("407", "407", id="a-number"),
        pytest.param("aaa0", "", id="the-last-letter-of-a-word"),
        pytest.param("a0a0a", "", id="letters-on-both-sides"),
        pytest.param("a407a", "407", id="a-sign-before-and-one-behind"),
        pytest.param("|4|0|", "40", id="the-sides-of-boxes"),
        pytest.param("aaaa 5", "5", id="a-number-behind-a-word"),
        pytest.param("3,5,1", "351", id="commas"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_what_stands_in_a_word_is_no_digit(shapes: str, read: str) -> None:
    candidates = row(shapes)
    digits = {c: Digit(int(s), 0.9, c.box) for c, s in candidates.items() if s.isdigit()}
    kept = outside_words(digits, list(candidates))
    assert "".join(str(d.digit) for d in kept.values()) == read


def test_the_line_above_is_another_row() -> None:
    above, below = row("aaaaaa"), row("55", y=LETTER_PX + 10)
    digits = {c: Digit(5, 0.9, c.box) for c in below}
    assert outside_words(digits, [*above, *below]) == digits
