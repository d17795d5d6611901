"""Each candidate has exactly one outcome and one reason, whatever the nets say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.explain.outcomes import CandidateOutcome, OutcomeKind, best_of_each_place, find_outcomes
from agent.vision.binarize import Binarized
from agent.vision.box import Box, union
from agent.vision.candidates import Candidate
from agent.vision.classify import Classified
from agent.vision.components import Atom, find_components
from agent.vision.digits import CLASSES, NOT_A_DIGIT, non_max_suppression, select
from agent.vision.ink import Ink, Paper
from agent.vision.layers import MaskResult
from agent.vision.lines import group_lines
from agent.vision.page import Page
from agent.vision.pipeline import MIN_PROBABILITY, QUICK, THOROUGH, Depth, Trace, trace_page

if TYPE_CHECKING:
    from tests.agent.conftest import Note

ATOM_PX = 10
BLANK = np.full((40, 80), 200, np.uint8)
INK = Ink(np.zeros((40, 80), np.uint8), 1.0, 100, Paper(np.ones(3), BLANK, BLANK, reach=9))
BINARIZED = Binarized(BLANK, find_components(BLANK), 20.0, 9.0)


def row(*heights: int) -> list[Candidate]:
    """Return the candidates of one or two neighbouring atoms in a row of atoms with these heights."""
    atoms = [
        Atom(Box(ATOM_PX * i, 20 - h // 2, ATOM_PX, h), np.ones((h, ATOM_PX), np.uint8), 100)
        for i, h in enumerate(heights)
    ]
    spans = [(i, j) for i in range(len(atoms)) for j in (i, i + 1) if j < len(atoms)]
    return [
        Candidate(0, first, last, union(a.box for a in atoms[first : last + 1]), tuple(atoms[first : last + 1]))
        for first, last in spans
    ]


def judged_mask(
    candidates: Sequence[Candidate], by: str = "verifier", **probabilities: tuple[int, float, float]
) -> MaskResult:
    """Return a mask with class probabilities.

    `a=(7, 0.9, 0.1)`: the first atom is a 7 with probability 0.9, and not a digit with 0.1. `ab` names the candidate of
    the first two atoms. If `by` is not "verifier", only the classifier judged.
    """
    rows = np.zeros((len(candidates), CLASSES), np.float32)
    rows[:, NOT_A_DIGIT] = 1
    for name, (digit, probability, none) in probabilities.items():
        first, last = ord(name[0]) - ord("a"), ord(name[-1]) - ord("a")
        index = next(i for i, c in enumerate(candidates) if (c.first, c.last) == (first, last))
        rows[index, [digit, NOT_A_DIGIT]] = probability, none
    verified = np.full(len(candidates), by == "verifier")
    classified = Classified(rows, rows, verified)
    digits = select(candidates, rows, MIN_PROBABILITY)
    return MaskResult(INK, 1.0, BINARIZED, tuple(candidates), classified, digits, MIN_PROBABILITY)


def outcomes_by_name(*masks: MaskResult) -> tuple[dict[str, CandidateOutcome], ...]:
    """Return the outcomes of each mask by the names of their candidates: "ab" has the first two atoms."""
    gathered = non_max_suppression(mask.digits.values() for mask in masks)
    readings = group_lines(gathered)
    page = Page(80, 40, tuple(d for r in readings for d in r.digits), readings, {})
    return tuple(
        {chr(97 + one.candidate.first) + chr(97 + one.candidate.last): one for one in outcomes}
        for outcomes in find_outcomes(Trace(masks, gathered, (), page))
    )


@pytest.mark.parametrize(
    ("mask", "name", "kind", "reason"),
    [
        (judged_mask(row(20), a=(4, 0.9, 0.1)), "aa", OutcomeKind.READ, "read"),
        (
            judged_mask(row(20), a=(4, 0.3, 0.7)),
            "aa",
            OutcomeKind.VERIFIER,
            "the verifier says that it is not a digit (0.70)",
        ),
        (
            judged_mask(row(20), "classifier", a=(4, 0.02, 0.98)),
            "aa",
            OutcomeKind.CLASSIFIER,
            "the classifier says that it is not ",
        ),
        (
            judged_mask(row(20), a=(4, 0.45, 0.4)),
            "aa",
            OutcomeKind.UNSURE,
            "the verifier is uncertain: 4 is the most probable, but only 0.45",
        ),
        (
            judged_mask(row(20, 20), a=(1, 0.8, 0), b=(7, 0.7, 0), ab=(4, 0.95, 0)),
            "aa",
            OutcomeKind.OVERLAPPED,
            "its ink is explained better by 4 (0.95)",
        ),
        (
            judged_mask(row(20, 20), a=(1, 0.9, 0), b=(7, 0.8, 0), ab=(4, 0.75, 0)),
            "ab",
            OutcomeKind.OVERLAPPED,
            "its ink is explained better by 1 (0.90) and 7 (0.80)",
        ),
        (judged_mask(row(20, 20, 20, 20, 20), c=(1, 0.9, 0)), "cc", OutcomeKind.WORD, "part of a word or drawing: "),
        (
            judged_mask(row(20, 20, 8), a=(1, 0.9, 0), b=(1, 0.9, 0), c=(1, 0.9, 0)),
            "cc",
            OutcomeKind.SMALL,
            "too small for its line: 8 px high",
        ),
    ],
)
def test_each_outcome_has_its_reason(mask: MaskResult, name: str, kind: OutcomeKind, reason: str) -> None:
    (outcomes,) = outcomes_by_name(mask)
    assert outcomes[name].kind is kind
    assert outcomes[name].reason.startswith(reason)


def test_the_mask_with_the_higher_confidence_is_read() -> None:
    weaker, stronger = outcomes_by_name(judged_mask(row(20), a=(3, 0.9, 0)), judged_mask(row(20), a=(5, 0.95, 0)))
    assert stronger["aa"].kind is OutcomeKind.READ
    assert weaker["aa"].kind is OutcomeKind.SUPPRESSED
    assert weaker["aa"].reason.endswith("5 (0.95)")


def test_one_of_two_masks_with_equal_digits_is_read() -> None:
    outcomes = outcomes_by_name(judged_mask(row(20), a=(3, 0.9, 0)), judged_mask(row(20), a=(3, 0.9, 0)))
    assert [mask["aa"].kind for mask in outcomes] == [OutcomeKind.READ, OutcomeKind.SUPPRESSED]


def test_a_place_has_the_outcome_that_is_nearest_to_being_read() -> None:
    outcomes = outcomes_by_name(
        judged_mask(row(20), a=(3, 0.3, 0.7)),
        judged_mask(row(20), "the classifier"),
        judged_mask(row(20), a=(3, 0.4, 0.6)),
    )
    (place,) = best_of_each_place(tuple(mask.values()) for mask in outcomes)
    assert place is outcomes[2]["aa"]


class RandomNet:
    """A net with random weights: the same input always gives the same logits."""

    def __init__(self, seed: int, inputs: int) -> None:
        self._weights = np.random.default_rng(seed).normal(0, 1, (inputs, CLASSES)).astype(np.float32)

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(glyphs.reshape(len(glyphs), -1).astype(np.float32) / 255 @ self._weights, np.float32)


@dataclass(frozen=True)
class RandomNets:
    classifier: RandomNet
    verifier: RandomNet | None
    recogniser: None = None


@pytest.mark.slow
@pytest.mark.parametrize("depth", [QUICK, THOROUGH])
@pytest.mark.parametrize("verifier", [RandomNet(2, 3 * 32 * 48), None])
def test_every_candidate_is_read_or_has_a_reason(depth: Depth, verifier: RandomNet | None, note: Note) -> None:
    image = note.image.copy()
    image[:, 320:] = 255 - image[:, 320:]  # dark ink on the left, light ink on the right
    trace = trace_page(image, RandomNets(RandomNet(1, 28 * 28), verifier), depth)
    outcomes = [one for mask in find_outcomes(trace) for one in mask]
    assert [one.candidate for one in outcomes] == [c for mask in trace.masks for c in mask.candidates]
    assert sum(one.kind is OutcomeKind.READ for one in outcomes) == len(trace.page.digits)
    assert sorted(one.box for one in outcomes if one.kind is OutcomeKind.READ) == sorted(
        d.box for d in trace.page.digits
    )
    assert all((one.reason == "read") == (one.kind is OutcomeKind.READ) and one.reason for one in outcomes)
    assert len({one.kind for one in outcomes}) >= 4
    assert (OutcomeKind.VERIFIER in {one.kind for one in outcomes}) == (verifier is not None)


def test_printed_digits_have_their_own_outcome() -> None:
    mask = judged_mask(row(20), a=(4, 0.9, 0.1))
    page = Page(80, 40, (), (), {})
    (outcomes,) = find_outcomes(Trace((mask,), (), tuple(mask.digits.values()), page))
    (printed,) = [one for one in outcomes if one.kind is OutcomeKind.PRINTED]
    assert (printed.digit, printed.reason.split(":")[0]) == (4, "printed")


def test_a_spot_with_a_dark_middle_is_a_blot() -> None:
    spot = np.full((40, 80), 200, np.uint8)
    spot[10:30, 8:22] = 100
    ink = replace(INK, paper=Paper(np.ones(3), spot, spot, reach=3))
    mask = replace(judged_mask(row(20, 20), b=(6, 0.9, 0.1)), ink=ink, digits={})
    (outcomes,) = find_outcomes(Trace((mask,), (), (), Page(80, 40, (), (), {})))
    (spot_outcome,) = [one for one in outcomes if one.digit == 6]
    assert (spot_outcome.kind, spot_outcome.reason.split(":")[0]) == (OutcomeKind.WORD, "a blot")
