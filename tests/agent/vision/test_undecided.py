"""Undecided places, found in drawn pictures with a net that is unsure of one digit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading, group_lines
from agent.vision.pipeline import read_page
from agent.vision.undecided import add_marks
from tests.agent.vision.test_pipeline import NearestShape, print_number


class Hesitant(NearestShape):
    """A net that gives a digit a certain probability, and is sure of the others."""

    def __init__(self, digit: int, probability: float) -> None:
        super().__init__()
        self._digit, self._probability = digit, probability

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = super().logits(glyphs)
        for row in logits:
            if row.argmax() != self._digit:
                continue
            row[:] = -30
            # The agent adds 1 to the logit of "not a digit" if there is no verifier.
            row[[self._digit, -1]] = np.log(self._probability), np.log(1 - self._probability) - 1
        return logits


@dataclass(frozen=True)
class Nets:
    classifier: Hesitant
    verifier: None = None
    recogniser: None = None


def read(text: str, probability: float) -> tuple[Reading, ...]:
    """Print numbers side by side, separated by spaces, and read them; a 7 has the given probability."""
    image = np.full((140, 560, 3), 215, np.uint8)
    for x, number in zip((60, 360), text.split(), strict=False):
        print_number(image, number, (x, 90), 2.0)
    return read_page(image, Nets(Hesitant(7, probability))).readings


@pytest.mark.parametrize(("text", "found", "shown"), [("7403", "403", "?403"), ("4037", "403", "403?")])
def test_a_digit_that_was_almost_read_is_an_undecided_place(text: str, found: str, shown: str) -> None:
    (reading,) = read(text, 0.6)
    assert (reading.text, reading.shown_text) == (found, shown)
    assert [digit.digit for digit in reading.undecided] == [7]
    assert reading.confidence <= 1 - 0.6 + 1e-6


def test_a_number_that_a_missing_digit_splits_is_doubtful_on_both_sides() -> None:
    assert [reading.shown_text for reading in read("4703", 0.6)] == ["4?", "?03"]


def test_a_less_probable_place_lowers_the_confidence_less() -> None:
    (likely,), (unlikely,), (whole,) = (read(*case) for case in (("4037", 0.6), ("4037", 0.35), ("403", 0.6)))
    assert likely.confidence < unlikely.confidence < whole.confidence


@pytest.mark.parametrize("probability", [0.1, 0.9])
def test_ink_that_is_surely_no_digit_and_ink_that_was_read_are_decided(probability: float) -> None:
    assert all(reading.undecided == () for reading in read("4703", probability))


def test_a_place_belongs_to_the_number_beside_it() -> None:
    assert [reading.shown_text for reading in read("407 58", 0.6)] == ["40?", "58"]


def test_a_tracked_number_has_the_doubts_of_the_look_that_shows_it() -> None:
    digits = [Digit(label, 0.9, Box(30 * place, 0, 20, 40)) for place, label in enumerate([4, 2])]
    tracked, doubtful = group_lines(digits)[0], Digit(7, 0.5, Box(60, 0, 20, 40))
    seen = replace(tracked, undecided=(doubtful,), cut_by_edge=True)
    marked = add_marks(tracked, [seen])
    assert (marked.shown_text, marked.cut_by_edge) == ("42?", True)
    assert marked.confidence == pytest.approx(0.9 * 0.9 * 0.5)
    elsewhere = replace(seen, digits=tuple(replace(d, box=d.box._replace(y=400)) for d in digits))
    assert add_marks(tracked, [elsewhere]) == tracked


def test_a_place_that_was_tracked_as_a_digit_is_decided() -> None:
    digits = [Digit(label, 0.9, Box(30 * place, 0, 20, 40)) for place, label in enumerate([4, 2, 7])]
    (short,), (whole,) = group_lines(digits[:2]), group_lines(digits)
    assert add_marks(whole, [replace(short, undecided=(replace(digits[2], probability=0.5),))]).undecided == ()
