"""Weights of the join are fitted and measured; the lines are made up, so that the best weights are known."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.recognised_line import Evidence
from benchmarks.joining import LabelledLine, fit

pytestmark = pytest.mark.slow


def lines(count: int, *, right: float) -> list[LabelledLine]:
    """Return lines whose recogniser proposes the truth in a share of them, with three times the other's probability."""
    made = []
    for number in range(count):
        proposed, other = ("12", "17") if number < right * count else ("17", "12")
        proposals = (
            (proposed, Evidence(np.log(0.75), -1.0, agrees=True)),
            (other, Evidence(np.log(0.25), -1.0, agrees=False)),
        )
        made.append(LabelledLine("made up", "12", proposed, proposals))
    return made


def test_the_weight_of_the_recogniser_follows_how_often_it_is_right() -> None:
    often, seldom = (fit(lines(40, right=right), ("recogniser",)) for right in (0.9, 0.6))
    assert often.recogniser > seldom.recogniser > 0
    assert (often.candidates, often.agreement) == (0, 0)


def test_the_weight_of_the_length_follows_how_often_long_strings_are_right() -> None:
    short = [LabelledLine(line.source, line.truth, "1", line.proposals) for line in lines(40, right=0.9)]
    unknown = [LabelledLine(line.source, "99", "1", line.proposals) for line in short]
    weights = fit([*lines(80, right=0.9), *short[:20], *unknown[:20]], ("recogniser", "length"))
    assert weights.score_of_others(2) < weights.score_of_others(1)
    assert fit(short, ("recogniser",)).length == 0


def test_strings_that_nobody_proposed_count_for_others() -> None:
    known = lines(40, right=0.9)
    unknown = [LabelledLine(line.source, "99", line.segmented, line.proposals) for line in known]
    assert fit(known[:20] + unknown[:20], ("recogniser",)).other > fit(known, ("recogniser",)).other
