"""The best candidates of a cluster and the most probable digits of several masks are selected."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from agent.vision.box import Box, union
from agent.vision.candidates import Candidate
from agent.vision.classify import softmax
from agent.vision.components import Atom
from agent.vision.digits import CLASSES, NOT_A_DIGIT, Digit, non_max_suppression, select
from agent.vision.pipeline import MIN_PROBABILITY

ATOM_PX = 10


def runs(atoms: int, cluster: int = 0) -> list[Candidate]:
    """Return each run of one to three atoms in a row of square atoms."""
    row = [
        Atom(Box(ATOM_PX * i, 0, ATOM_PX, ATOM_PX), np.ones((ATOM_PX, ATOM_PX), np.uint8), 100) for i in range(atoms)
    ]
    return [
        Candidate(cluster, first, last, union(a.box for a in row[first : last + 1]), tuple(row[first : last + 1]))
        for first in range(atoms)
        for last in range(first, min(atoms, first + 3))
    ]


def probabilities(candidates: list[Candidate], **runs_by_name: tuple[int, float]) -> NDArray[np.float32]:
    """Return class probabilities: `a=(7, 0.9)` makes the first atom a 7, `bc=...` is for the next two together."""
    rows = np.zeros((len(candidates), CLASSES), np.float32)
    rows[:, NOT_A_DIGIT] = 1
    for name, (digit, probability) in runs_by_name.items():
        first, last = ord(name[0]) - ord("a"), ord(name[-1]) - ord("a")
        index = next(i for i, c in enumerate(candidates) if (c.first, c.last) == (first, last))
        rows[index, NOT_A_DIGIT], rows[index, digit] = 1 - probability, probability
    return rows


@pytest.mark.parametrize(
    ("named_runs", "digits"),
    [
        pytest.param({"a": (4, 0.9), "b": (1, 0.9)}, [4, 1], id="two-digits-that-touch"),
        pytest.param({"a": (1, 0.8), "b": (7, 0.7), "ab": (4, 0.95)}, [4], id="one-digit-that-was-cut"),
        pytest.param({"a": (4, 0.9), "b": (1, 0.9), "ab": (4, 0.75)}, [4, 1], id="the-more-probable-reading-wins"),
        pytest.param({"ab": (4, 0.4)}, [], id="too-improbable"),
        pytest.param({}, [], id="nothing-is-a-digit"),
    ],
)
def test_the_best_reading_of_a_cluster_is_selected(named_runs: dict[str, tuple[int, float]], digits: list[int]) -> None:
    candidates = runs(2)
    found = select(candidates, probabilities(candidates, **named_runs), MIN_PROBABILITY)
    assert [d.digit for d in sorted(found.values(), key=lambda d: d.box.x)] == digits


def test_a_digit_below_the_smallest_probability_is_not_selected() -> None:
    candidates = runs(1)
    four = probabilities(candidates, a=(4, 0.75))
    assert [len(select(candidates, four, smallest)) for smallest in (0.6, 0.75, 0.8)] == [1, 1, 0]


def test_one_stroke_of_a_long_word_is_not_a_digit() -> None:
    candidates = runs(5)
    assert select(candidates, probabilities(candidates, c=(1, 0.9)), MIN_PROBABILITY) == {}


@pytest.mark.slow
@given(arrays(np.float32, (12, CLASSES), elements=st.floats(-10, 10, width=32)))
def test_digits_of_a_cluster_never_share_ink(logits: NDArray[np.float32]) -> None:
    candidates = runs(5)
    assert len(candidates) == len(logits)
    found = sorted(select(candidates, softmax(logits), MIN_PROBABILITY).values(), key=lambda d: d.box.x)
    assert all(a.box.right <= b.box.x for a, b in pairwise(found))


DIGIT, SHIFTED, LOOSE = Box(0, 0, 20, 30), Box(2, 0, 20, 30), Box(0, 0, 22, 32)
INSIDE, BESIDE = Box(0, 0, 20, 12), Box(21, 0, 20, 30)


@pytest.mark.parametrize(
    ("masks", "digits"),
    [
        pytest.param([[Digit(3, 0.9, DIGIT)], [Digit(3, 0.8, SHIFTED)]], [3], id="found-twice"),
        pytest.param([[Digit(3, 0.9, DIGIT)], [Digit(5, 0.95, SHIFTED)]], [5], id="the-more-probable-mask-wins"),
        pytest.param([[Digit(3, 0.95, DIGIT)], [Digit(7, 0.9, INSIDE)]], [3], id="a-part-of-a-digit-is-dropped"),
        pytest.param([[Digit(3, 0.99991, LOOSE)], [Digit(5, 0.9999, DIGIT)]], [5], id="equally-probable-and-tighter"),
        pytest.param([[Digit(3, 0.7, DIGIT)], [], []], [3], id="found-in-one-mask-of-three"),
        pytest.param([[Digit(3, 0.7, DIGIT)], [Digit(8, 0.6, BESIDE)]], [3, 8], id="two-digits-side-by-side"),
        pytest.param([[], []], [], id="nothing"),
    ],
)
def test_the_most_probable_digit_of_several_masks_is_kept(masks: list[list[Digit]], digits: list[int]) -> None:
    assert [d.digit for d in non_max_suppression(masks)] == digits
