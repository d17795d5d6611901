"""A digit among letters must be more probable to be read."""

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
    """Return a row of digits, letters (`a`), vertical lines (`|`) and commas, each a cluster of its own."""
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
    ("shapes", "probability", "read"),
    [
        pytest.param("407", 0.6, "407", id="a-number"),
        pytest.param("aaaaa0", 0.9, "", id="the-last-letter-of-a-word"),
        pytest.param("aa0aaaaa0a", 0.9, "", id="letters-on-both-sides"),
        pytest.param("aa0aaaaa0a", 0.999, "00", id="letters-on-both-sides-but-probable"),
        pytest.param("a407a", 0.9, "407", id="one-letter-before-and-one-after"),
        pytest.param("|4|0|", 0.6, "40", id="the-sides-of-boxes"),
        pytest.param("aaaa  57", 0.9, "57", id="a-number-after-a-word"),
        pytest.param("3,5,1", 0.6, "351", id="commas"),
        pytest.param("", 0.9, "", id="nothing"),
    ],
)
def test_more_letters_require_a_more_probable_digit(shapes: str, probability: float, read: str) -> None:
    candidates = row(shapes)
    digits = {c: Digit(int(s), probability, c.box) for c, s in candidates.items() if s.isdigit()}
    kept = outside_words(digits, list(candidates))
    assert "".join(str(d.digit) for d in kept.values()) == read


@pytest.mark.parametrize(
    ("lines", "probability", "read"),
    [
        pytest.param(1, 0.99, True, id="below-a-title"),
        pytest.param(1, 0.9, False, id="below-a-title-but-less-probable"),
        pytest.param(12, 0.99, False, id="below-a-page-of-print"),
        pytest.param(12, 0.9999, True, id="below-a-page-of-print-but-probable"),
    ],
)
def test_the_lines_above_count(lines: int, probability: float, read: bool) -> None:
    text_above = {c: s for n in range(lines) for c, s in row("aaaaaaaaaaaa", y=(LETTER_PX + 10) * n).items()}
    below = row("5", y=(LETTER_PX + 10) * lines)
    digits = {c: Digit(5, probability, c.box) for c in below}
    assert bool(outside_words(digits, [*text_above, *below])) == read


@pytest.mark.parametrize(("distance_px", "read"), [(0, False), (20 * LETTER_PX, True)])
def test_distant_text_does_not_count(distance_px: int, read: bool) -> None:
    text = {c: s for n in range(12) for c, s in row("aaaaaaaaaaaa", y=(LETTER_PX + 10) * n).items()}
    below = row("5", y=(LETTER_PX + 10) * 12 + distance_px)
    digits = {c: Digit(5, 0.95, c.box) for c in below}
    assert bool(outside_words(digits, [*text, *below])) == read


def test_a_digit_that_turns_out_to_be_a_letter_counts_against_the_others() -> None:
    candidates = row("aaaa00aaaa00")
    digits = {
        c: Digit(0, 0.7 if place < 2 else 0.86, c.box)
        for place, c in enumerate(c for c, s in candidates.items() if s == "0")
    }
    assert outside_words(digits, list(candidates)) == {}
