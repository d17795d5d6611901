"""What a reader says about a picture, compared with what stands there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from agent.vision.box import Box
from agent.vision.line_text import digits_of
from agent.vision.page import Page
from benchmarks.numbers.case import Case

SURE = 0.9
"""A digit counts as sure if the confidence of its reading is at least this, 0..1."""
AS_WRITTEN = ", as written"
"""End of the names of kinds whose signs are compared too."""
MIN_IGNORED_SHARE = 0.5
"""A digit is ignored if at least this share of its box lies in an ignored box."""


class Answer(NamedTuple):
    """What a reader says about a picture."""

    text: str
    """All numbers, separated by spaces."""
    confidence: float
    """Probability that all numbers are right as written: the product of their confidences; 0 if there are none."""
    digits_confidence: float
    """Probability that all digits are right, whatever the signs are."""
    sure_digits: int
    """Number of digits in readings whose confidence is at least `SURE`."""


def answer_of(page: Page, ignored: Sequence[Box] = ()) -> Answer:
    """Return what a page says, without the digits at ignored places."""
    readings = []
    for reading in page.readings:
        digits = [digit for digit in reading.digits if not _is_ignored(digit.box, ignored)]
        if digits:
            whole = len(digits) == len(reading.digits)
            text = reading.text if whole else "".join(str(digit.digit) for digit in digits)
            readings.append(ReadText(text, reading.confidence, reading.digits_confidence))
    return make_answer(readings)


class ReadText(NamedTuple):
    """A number that was read."""

    text: str
    confidence: float
    """Probability that the text is right."""
    digits_confidence: float
    """Probability that its digits are right."""


def make_answer(readings: Sequence[ReadText]) -> Answer:
    """Return the answer that numbers make, in reading order."""
    return Answer(
        " ".join(one.text for one in readings),
        math.prod(one.confidence for one in readings) if readings else 0.0,
        math.prod(one.digits_confidence for one in readings) if readings else 0.0,
        sum(len(digits_of(one.text)) for one in readings if one.digits_confidence >= SURE),
    )


def _is_ignored(box: Box, ignored: Sequence[Box]) -> bool:
    for other in ignored:
        w = min(box.right, other.right) - max(box.x, other.x)
        h = min(box.bottom, other.bottom) - max(box.y, other.y)
        if w > 0 and h > 0 and w * h >= MIN_IGNORED_SHARE * box.w * box.h:
            return True
    return False


class StringResult(NamedTuple):
    """A string that was read, and the true one."""

    kind: str
    truth: str
    read: str
    confidence: float

    @property
    def right(self) -> bool:
        return self.truth == self.read


class FalseResult(NamedTuple):
    """The digits that were read on a picture without digits."""

    kind: str
    things: int
    """Number of things that are not digits."""
    digits: int
    """Number of digits that were read."""
    sure_digits: int
    """Number of these in readings of at least `SURE`."""


def string_results(case: Case, answer: Answer) -> list[StringResult]:
    """Compare the digits; and also the whole text, if the signs are known."""
    results = [StringResult(case.kind, case.digits_text, digits_of(answer.text), answer.digits_confidence)]
    if case.has_signs:
        results.append(StringResult(case.kind + AS_WRITTEN, case.text, answer.text, answer.confidence))
    return results


def false_result(case: Case, answer: Answer) -> FalseResult:
    """Count the digits that were read although there are none."""
    return FalseResult(case.kind, case.things, len(digits_of(answer.text)), answer.sure_digits)
