"""Each candidate has one fate and one reason, whatever the nets say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.explain.outcomes import CandidateOutcome, OutcomeKind, best_of_each_place, find_outcomes
from agent.vision.box import Box, union
from agent.vision.candidates import Candidate
from agent.vision.classify import Classified
from agent.vision.components import Atom
from agent.vision.digits import CLASSES, NOT_A_DIGIT, non_max_suppression, select
from agent.vision.ink import Ink, Paper
from agent.vision.lines import group_lines
from agent.vision.page import Page
from agent.vision.pipeline import QUICK, THOROUGH, Depth, MaskResult, Trace, trace_page

if TYPE_CHECKING:
    from tests.agent.conftest import Note

ATOM_PX = 10
BLANK = np.full((40, 80), 200, np.uint8)
INK = Ink(np.zeros((40, 80), np.uint8), 1.0, 100, Paper(np.ones(3), BLANK, BLANK, reach=9))


def row(*heights: int) -> list[Candidate]:
    """Every run of up to two of a row of atoms with these heights."""
    atoms = [
        Atom(Box(ATOM_PX * i, 20 - h // 2, ATOM_PX, h), np.ones((h, ATOM_PX), np.uint8), 100)
        for i, h in enumerate(heights)
    ]
    spans = [(i, j) for i in range(len(atoms)) for j in (i, i + 1) if j < len(atoms)]
    return [
        Candidate(0, first, last, union(a.box for a in atoms[first : last + 1]), tuple(atoms[first : last + 1]))
        for first, last in spans
    ]


def seen(candidates: Sequence[Candidate], by: str = "verifier", **sure: tuple[int, float, float]) -> MaskResult:
    """A mask as the nets judged it: `a=(7, 0.9, 0.1)` says that the first atom is a 7, and no digit."""
    rows = np.zeros((len(candidates), CLASSES), np.float32)
    rows[:, NOT_A_DIGIT] = 1
    for name, (digit, probability, none) in sure.items():
        first, last = ord(name[0]) - ord("a"), ord(name[-1]) - ord("a")
        index = next(i for i, c in enumerate(candidates) if (c.first, c.last) == (first, last))
        rows[index, [digit, NOT_A_DIGIT]] = probability, none
    verified = np.full(len(candidates), by == "verifier")
    return MaskResult(INK, 1.0, tuple(candidates), Classified(rows, rows, verified), select(candidates, rows))


def fates(*masks: MaskResult) -> tuple[dict[str, CandidateOutcome], ...]:
    """What is told of the runs of each mask, by their names."""
    gathered = non_max_suppression(mask.digits.values() for mask in masks)
    readings = group_lines(gathered)
    page = Page(80, 40, tuple(d for r in readings for d in r.digits), readings, {})
    return tuple(
        {chr(97 + t.candidate.first) + chr(97 + t.candidate.last): t for t in told}
        for told in find_outcomes(Trace(masks, gathered, (), page))
    )


@pytest.mark.parametrize(
    ("mask", "run", "fate", "reason"),
    [
        (seen(row(20), a=(4, 0.9, 0.1)), "aa", OutcomeKind.READ, "read"),
        (seen(row(20), a=(4, 0.3, 0.7)), "aa", OutcomeKind.VERIFIER, "the verifier takes it for no digit (0.70)"),
        (
            seen(row(20), "nobody else", a=(4, 0.02, 0.98)),
            "aa",
            OutcomeKind.CLASSIFIER,
            "the classifier takes it for no ",
        ),
        (
            seen(row(20), a=(4, 0.45, 0.4)),
            "aa",
            OutcomeKind.UNSURE,
            "the verifier is unsure: 4 is likeliest, but only 0.45",
        ),
        (
            seen(row(20, 20), a=(1, 0.8, 0), b=(7, 0.7, 0), ab=(4, 0.95, 0)),
            "aa",
            OutcomeKind.BESTED,
            "its ink is better explained by 4 (0.95)",
        ),
        (
            seen(row(20, 20), a=(1, 0.9, 0), b=(7, 0.8, 0), ab=(4, 0.75, 0)),
            "ab",
            OutcomeKind.BESTED,
            "its ink is better explained by 1 (0.90) and 7 (0.80)",
        ),
        (seen(row(20, 20, 20, 20, 20), c=(1, 0.9, 0)), "cc", OutcomeKind.WORD, "part of a word or drawing: "),
        (
            seen(row(20, 20, 8), a=(1, 0.9, 0), b=(1, 0.9, 0), c=(1, 0.9, 0)),
            "cc",
            OutcomeKind.SMALL,
            "too small for its line: 8 px high",
        ),
    ],
)
def test_a_reason_in_plain_words(mask: MaskResult, run: str, fate: OutcomeKind, reason: str) -> None:
    (told,) = fates(mask)
    assert told[run].fate is fate
    assert told[run].reason.startswith(reason)


def test_of_two_masks_the_surer_one_is_read() -> None:
    unsurer, surer = fates(seen(row(20), a=(3, 0.9, 0)), seen(row(20), a=(5, 0.95, 0)))
    assert surer["aa"].fate is OutcomeKind.READ
    assert unsurer["aa"].fate is OutcomeKind.COVERED
    assert unsurer["aa"].reason.endswith("5 (0.95)")


def test_of_two_masks_that_agree_to_the_bit_one_is_read() -> None:
    told = fates(seen(row(20), a=(3, 0.9, 0)), seen(row(20), a=(3, 0.9, 0)))
    assert [mask["aa"].fate for mask in told] == [OutcomeKind.READ, OutcomeKind.COVERED]


def test_a_place_is_told_by_what_came_nearest_to_being_read() -> None:
    told = fates(seen(row(20), a=(3, 0.3, 0.7)), seen(row(20), "the classifier"), seen(row(20), a=(3, 0.4, 0.6)))
    (place,) = best_of_each_place(tuple(mask.values()) for mask in told)
    assert place is told[2]["aa"]


class Chance:
    """A net that says anything, but of the same always the same."""

    def __init__(self, seed: int, inputs: int) -> None:
        self._weights = np.random.default_rng(seed).normal(0, 1, (inputs, CLASSES)).astype(np.float32)

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(glyphs.reshape(len(glyphs), -1).astype(np.float32) / 255 @ self._weights, np.float32)


@dataclass(frozen=True)
class Nets:
    classifier: Chance
    verifier: Chance | None


@pytest.mark.parametrize("depth", [QUICK, THOROUGH])
@pytest.mark.parametrize("verifier", [Chance(2, 3 * 32 * 48), None])
def test_every_candidate_is_read_or_has_a_reason(depth: Depth, verifier: Chance | None, note: Note) -> None:
    image = note.image.copy()
    image[:, 320:] = 255 - image[:, 320:]  # ink of both kinds
    looked = trace_page(image, Nets(Chance(1, 28 * 28), verifier), depth)
    told = [one for mask in find_outcomes(looked) for one in mask]
    assert [one.candidate for one in told] == [c for mask in looked.seen for c in mask.candidates]
    assert sum(one.fate is OutcomeKind.READ for one in told) == len(looked.page.digits)
    assert sorted(one.box for one in told if one.fate is OutcomeKind.READ) == sorted(d.box for d in looked.page.digits)
    assert all((one.reason == "read") == (one.fate is OutcomeKind.READ) and one.reason for one in told)
    assert len({one.fate for one in told}) >= 4
    assert (OutcomeKind.VERIFIER in {one.fate for one in told}) == (verifier is not None)


def test_what_was_printed_is_told_from_what_covers_it() -> None:
    mask = seen(row(20), a=(4, 0.9, 0.1))
    page = Page(80, 40, (), (), {})
    (told,) = find_outcomes(Trace((mask,), (), tuple(mask.digits.values()), page))
    (printed,) = [one for one in told if one.fate is OutcomeKind.PRINTED]
    assert (printed.digit, printed.reason.split(":")[0]) == (4, "printed")


def test_what_is_as_dark_within_as_at_its_rim_is_a_blot() -> None:
    spot = np.full((40, 80), 200, np.uint8)
    spot[10:30, 8:22] = 100
    ink = replace(INK, paper=Paper(np.ones(3), spot, spot, reach=3))
    mask = replace(seen(row(20, 20), b=(6, 0.9, 0.1)), ink=ink, digits={})
    (told,) = [one for one in find_outcomes(Trace((mask,), (), (), Page(80, 40, (), (), {})))[0] if one.digit == 6]
    assert (told.fate, told.reason.split(":")[0]) == (OutcomeKind.WORD, "a blot")
