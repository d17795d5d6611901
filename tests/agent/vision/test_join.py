"""Candidates and a line recogniser are joined; the nets are simple ones, so that each case is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.classify import Net
from agent.vision.join import weigh
from agent.vision.line_text import STEP_PX
from agent.vision.lines import Reading
from agent.vision.pipeline import FIELDS, THOROUGH, Depth, Trace, trace_page
from agent.vision.recognised_line import Evidence, JoinWeights
from agent.vision.value import SIGNS_NOT_READ
from tests.agent.vision.test_line_text import outputs
from tests.agent.vision.test_pipeline import NearestShape, print_number
from tests.agent.vision.test_undecided import Hesitant

NO_INK = "*"
"""Stands before a digit of a `Spelling` that no ink shows."""
MIN_STRENGTH = 100
"""Strength of ink, of 255, from which a column of a strip belongs to a mark."""
BETWEEN_PX = 8
"""Distance of a character behind the last mark, in pixels of the strip."""


@dataclass(frozen=True)
class Spelling:
    """A line recogniser that says a text, whatever a strip shows, with each digit at the next mark of ink.

    Signs, letters and a digit behind `NO_INK` are said between two marks.
    """

    text: str
    strength: float = 9.0

    def logits(self, strips: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.stack([outputs(self._spell(strip), self.strength) for strip in strips])

    def _spell(self, strip: NDArray[np.uint8]) -> str:
        dark = np.flatnonzero(strip[1].max(axis=0) > MIN_STRENGTH)
        marks = [float(run.mean()) for run in np.split(dark, np.flatnonzero(np.diff(dark) > 1) + 1)]
        steps = ["_"] * (strip.shape[2] // STEP_PX)
        x, at_ink = marks[0] - 2 * BETWEEN_PX, True
        for character in self.text:
            if character == NO_INK:
                at_ink = False
                continue
            if character.isdigit() and at_ink and marks:
                x = marks.pop(0)
            else:
                x = (x + marks[0]) / 2 if marks else x + BETWEEN_PX
            steps[int(x / STEP_PX)] = character
            at_ink = True
        return "".join(steps)


@dataclass(frozen=True)
class Undecided:
    """A line recogniser that finds two texts equally probable."""

    first: Spelling
    second: Spelling

    def logits(self, strips: NDArray[np.uint8]) -> NDArray[np.float32]:
        both = np.logaddexp(self.first.logits(strips), self.second.logits(strips)) - np.log(2)
        return np.asarray(both, np.float32)


@dataclass(frozen=True)
class Nets:
    classifier: NearestShape
    recogniser: Net | None
    verifier: None = None


def read(
    text: str, recogniser: Net | None, *, at: int = 60, scale: float = 1.6, decimal_comma: bool | None = None
) -> Trace:
    """Read a printed number."""
    image = np.full((120, 400, 3), 215, np.uint8)
    print_number(image, text, (at, 80), scale)
    return trace_page(image, Nets(NearestShape(), recogniser), decimal_comma=decimal_comma)


def texts(trace: Trace) -> list[str]:
    return [reading.text for reading in trace.page.readings]


def only(trace: Trace) -> Reading:
    (reading,) = trace.page.readings
    return reading


def test_without_a_recogniser_the_segmentation_decides() -> None:
    trace = read("247", None)
    assert (texts(trace), trace.lines) == (["247"], ())
    assert (only(trace).value, only(trace).value_note) == (None, SIGNS_NOT_READ)


def test_agreement_gives_a_higher_confidence_than_contradiction() -> None:
    agreed = only(read("247", Spelling("247")))
    doubted = only(read("247", Spelling("241", 5.0)))
    assert agreed.text == "247"
    assert agreed.confidence > doubted.confidence + 0.1


def test_signs_are_part_of_the_text_but_not_of_the_digits() -> None:
    reading = only(read("247", Spelling("2.47")))
    assert (reading.text, reading.digits_text, reading.value) == ("2.47", "247", Decimal("2.47"))


@pytest.mark.parametrize(
    ("decimal_comma", "value"), [(None, (None, "ambiguous: 1247 or 1.247")), (True, (Decimal(1247), ""))]
)
def test_the_value_depends_on_what_a_comma_means(decimal_comma: bool | None, value: tuple[Decimal | None, str]) -> None:
    reading = only(read("1247", Spelling("1.247"), decimal_comma=decimal_comma))
    assert (reading.value, reading.value_note) == value


def test_a_lost_digit_comes_back_with_a_box() -> None:
    """The segmentation finds no digit in the gap, but the recogniser is certain that there is one."""
    image = np.full((120, 400, 3), 215, np.uint8)
    print_number(image, "24", (60, 80), 1.6)
    end = int(np.flatnonzero((image < 215).any(axis=(0, 2)))[-1])
    print_number(image, "7", (end + 55, 80), 1.6)
    trace = trace_page(image, Nets(NearestShape(), Spelling("24*87", 30.0)))
    assert "".join(reading.digits_text for reading in trace.page.readings) == "2487"
    new = trace.page.digits[2]
    assert trace.page.digits[1].box.right <= new.box.x
    assert new.box.right <= trace.page.digits[3].box.x + 12


def test_the_recogniser_decides_whether_a_stroke_is_a_1_or_a_slash() -> None:
    assert texts(read("814", Spelling("8/4"))) == ["8/4"]
    assert texts(read("814", Spelling("814"))) == ["814"]


def test_letters_are_no_reading() -> None:
    assert texts(read("0", Spelling("a", 40.0))) == []


def test_the_confidence_is_that_of_the_text_with_its_signs() -> None:
    reading = only(read("247", Undecided(Spelling("2.47"), Spelling("2,47"))))
    other = "2,47" if reading.text == "2.47" else "2.47"
    assert reading.alternatives[0].text == other
    assert reading.confidence == pytest.approx(reading.alternatives[0].probability, abs=0.01)
    assert reading.digits_confidence > 0.9


def test_a_text_that_follows_a_notation_is_more_probable() -> None:
    reading = only(read("1247", Undecided(Spelling("1.24.7"), Spelling("124.7"))))
    assert reading.text == "124.7"
    assert reading.confidence > reading.alternatives[0].probability


def test_alternatives_have_the_rest_of_the_probability() -> None:
    reading = only(read("247", Spelling("241", 5.0)))
    assert {"247", "241"} <= {reading.digits_text, *(other.text for other in reading.alternatives)}
    assert reading.confidence + sum(other.probability for other in reading.alternatives) <= 1 + 1e-6
    shares = [other.probability for other in reading.alternatives]
    assert shares == sorted(shares, reverse=True)


def test_numbers_far_apart_are_recognised_in_strips_of_their_own() -> None:
    image = np.full((120, 600, 3), 215, np.uint8)
    for x in (60, 400):
        print_number(image, "24", (x, 80), 1.6)
    trace = trace_page(image, Nets(NearestShape(), Spelling("24")))
    assert texts(trace) == ["24", "24"]
    assert len(trace.lines) == 2


@pytest.mark.parametrize(("mark", "lines"), [(True, 1), (False, 2)])
def test_numbers_with_a_mark_between_them_share_a_strip(*, mark: bool, lines: int) -> None:
    image = np.full((120, 600, 3), 215, np.uint8)
    print_number(image, "24", (60, 80), 1.6)
    print_number(image, "24", (250, 80), 1.6)
    if mark:
        cv2.line(image, (180, 80), (192, 48), (40, 40, 40), 4)
    assert len(trace_page(image, Nets(NearestShape(), Spelling("24"))).lines) == lines


@pytest.mark.parametrize("left", ["2", "24", "247", "2472"])
@pytest.mark.parametrize("distance", [240, 245, 255, 270, 300])
def test_no_digit_is_shown_in_two_strips(left: str, distance: int) -> None:
    image = np.full((120, 600, 3), 215, np.uint8)
    print_number(image, left, (240 - 38 * len(left), 80), 1.6)
    print_number(image, "24", (distance + 45, 80), 1.6)
    lines = trace_page(image, Nets(NearestShape(), Spelling("24"))).lines
    dark = [line.strip.image[0].max(axis=0) > MIN_STRENGTH for line in lines]
    assert sum(np.count_nonzero(np.diff(columns.astype(int)) > 0) for columns in dark) == len(left) + 2


@pytest.mark.parametrize(
    ("page", "probability", "says", "texts_read"),
    [
        pytest.param("7", 0.3, "7", ["7"], id="the-recogniser-sees-it-clearly"),
        pytest.param("7", 0.3, "a", [], id="the-recogniser-sees-a-letter"),
        pytest.param("7", 0.001, "7", [], id="the-nets-reject-it"),
        pytest.param("403 7", 0.3, "403", ["403"], id="the-page-has-a-number"),
    ],
)
def test_the_only_number_of_a_page_is_recognised_if_the_segmentation_did_not_read_it(
    page: str, probability: float, says: str, texts_read: list[str]
) -> None:
    image = np.full((120, 700, 3), 215, np.uint8)
    for x, number in zip((60, 500), page.split(), strict=False):
        print_number(image, number, (x, 80), 1.6)
    assert texts(trace_page(image, Nets(Hesitant(7, probability), Spelling(says, 12.0)))) == texts_read


@pytest.mark.parametrize(("depth", "texts_read"), [(THOROUGH, ["24"]), (FIELDS, ["24", "24"])])
def test_on_a_page_of_fields_each_number_is_recognised_that_the_segmentation_did_not_read(
    depth: Depth, texts_read: list[str]
) -> None:
    image = np.full((120, 700, 3), 215, np.uint8)
    print_number(image, "24", (60, 80), 1.6)
    print_number(image, "77", (500, 80), 1.6)
    assert texts(trace_page(image, Nets(Hesitant(7, 0.3), Spelling("24", 12.0)), depth)) == texts_read


def test_on_a_page_of_fields_more_texts_of_a_number_are_found() -> None:
    image = np.full((120, 400, 3), 215, np.uint8)
    print_number(image, "247", (60, 80), 1.6)
    usual, deep = (
        trace_page(image, Nets(NearestShape(), Spelling("241", 2.0)), depth).lines[0].proposals
        for depth in (THOROUGH, FIELDS)
    )
    assert len(deep) > len(usual)


def test_a_page_full_of_doubtful_marks_is_not_recognised() -> None:
    image = np.full((300, 900, 3), 215, np.uint8)
    for x in range(60, 860, 160):
        print_number(image, "7", (x, 80), 1.6)
    assert trace_page(image, Nets(Hesitant(7, 0.3), Spelling("7"))).lines == ()


def test_every_string_has_a_share_and_some_is_left_for_others() -> None:
    line = read("247", Spelling("241", 5.0)).lines[0]
    assert 0 < sum(line.probabilities) < 1
    assert len(line.probabilities) == len(line.proposals)


@pytest.mark.parametrize(
    ("weights", "score"),
    [
        (JoinWeights(1, 0, 0, 0), -1.0),
        (JoinWeights(0, 1, 0, 0), -2.0),
        (JoinWeights(0, 0, 1, 0), 1.0),
        (JoinWeights(1, 1, 1, 9), -2.0),
    ],
)
def test_the_score_is_a_weighted_sum(weights: JoinWeights, score: float) -> None:
    assert Evidence(-1.0, -2.0, agrees=True).score(weights) == score


def test_a_better_score_for_other_strings_lowers_all_probabilities() -> None:
    line = read("247", Spelling("247")).lines[0]
    less, more = (sum(weigh(line, JoinWeights(1, 1, 1, other)).probabilities) for other in (5.0, -5.0))
    assert less < more


def test_more_digits_may_leave_less_to_other_strings() -> None:
    one, four = (read(text, Spelling(text)).lines[0] for text in ("2", "2472"))
    length = JoinWeights(0, 0, 1, 0, length=-2)
    assert sum(weigh(four, length).probabilities) > sum(weigh(one, length).probabilities)
    assert [length.score_of_others(digits) for digits in (0, 1)] == [0, pytest.approx(-2 * math.log(2))]
