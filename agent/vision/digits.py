"""Select the digits: the best candidates of each cluster, then the most probable digits of all masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, shared_areas
from agent.vision.candidates import Candidate

CLASSES = 11
"""Number of classes of the nets: the digits 0 to 9, and "not a digit". Fixed by the outputs of the nets."""
NOT_A_DIGIT = 10
"""Index of the class "not a digit". Fixed by the outputs of the nets."""

MAX_OVERLAP_SHARE = 0.4
"""Two digits may share at most this much of the smaller one's box. Lowering it loses digits that overlap, raising it
reads a digit twice. Chosen by trial on drawn pages and the sample pictures."""
MIN_EXPLAINED_SHARE = 0.3
"""Smallest share of the ink of a cluster that must belong to digits, weighted by probability; a cluster with less is a
word or a drawing, and has no digits. Raising it loses digits that touch other ink. Chosen by trial on drawn pages and
the sample pictures."""
PROBABILITY_DECIMALS = 3
"""Probabilities are rounded to this many decimals before they are compared, because processors differ in further
decimals. Raising it lets processors decide differently. A guess; `docs/thresholds.md` has its effect."""
DIGIT_PENALTY = 0.35
"""Subtracted from the probability of each candidate when a cluster is read. Raising it prefers few large digits to many
small ones. Chosen by trial on drawn pages and the sample pictures."""


@dataclass(frozen=True)
class Digit:
    """A recognised digit."""

    digit: int
    """Label of the digit, 0..9."""
    probability: float
    """Probability of the label, 0..1."""
    box: Box
    """Box of the digit, in pixels of the picture."""


def select(
    candidates: Sequence[Candidate], probability: NDArray[np.float32], min_probability: float
) -> dict[Candidate, Digit]:
    """Select the candidates of one mask that are digits: in each cluster the set that explains most ink best.

    Args:
        candidates: candidates of one mask, cluster by cluster.
        probability: class probabilities, float32 (n, 11), one row per candidate.
        min_probability: candidates whose best digit is less probable are not selected.

    Returns:
        The selected candidates and their digits, with boxes in working pixels.
    """
    labels = probability[:, :NOT_A_DIGIT].argmax(axis=1).tolist()
    best = probability[:, :NOT_A_DIGIT].max(axis=1).tolist()
    digits = [Digit(label, p, c.box) for c, label, p in zip(candidates, labels, best, strict=True)]
    clusters = groupby(zip(candidates, digits, strict=True), key=lambda pair: pair[0].cluster)
    return dict(pair for _, members in clusters for pair in _best_runs(list(members), min_probability))


def _best_runs(members: Sequence[tuple[Candidate, Digit]], min_probability: float) -> Iterator[tuple[Candidate, Digit]]:
    """Yield the digits of a cluster by dynamic programming: best[i] is the highest score of the first i atoms."""
    if len(members) == 1:  # nearly all clusters: the digit explains the ink with its probability
        probability = members[0][1].probability
        if probability > DIGIT_PENALTY and probability >= max(min_probability, MIN_EXPLAINED_SHARE):
            yield members[0]
        return
    count = 1 + max(candidate.last for candidate, _ in members)
    best = [0.0] * (count + 1)
    choice: list[tuple[Candidate, Digit] | None] = [None] * (count + 1)
    by_end: list[list[tuple[Candidate, Digit]]] = [[] for _ in range(count)]
    for member in members:
        by_end[member[0].last].append(member)
    for end in range(count):
        best[end + 1] = best[end]
        for candidate, digit in by_end[end]:
            if digit.probability < min_probability:
                continue
            score = best[candidate.first] + candidate.area * (digit.probability - DIGIT_PENALTY)
            if score > best[end + 1]:
                best[end + 1], choice[end + 1] = score, (candidate, digit)
    selected = list(_backtrack(choice))
    explained_px = sum(c.area * d.probability for c, d in selected)
    if explained_px >= MIN_EXPLAINED_SHARE * _ink_px(c for c, _ in members):
        yield from selected


def _backtrack(choice: Sequence[tuple[Candidate, Digit] | None]) -> Iterator[tuple[Candidate, Digit]]:
    """Yield the digits of the best solution, from the last to the first."""
    end = len(choice) - 1
    while end > 0:
        chosen = choice[end]
        if chosen is None:
            end -= 1
        else:
            yield chosen
            end = chosen[0].first


def _ink_px(members: Iterable[Candidate]) -> int:
    """Return the number of pixels of the ink of a cluster."""
    return sum({m.first + i: atom.area for m in members for i, atom in enumerate(m.atoms)}.values())


def non_max_suppression(masks: Iterable[Iterable[Digit]]) -> tuple[Digit, ...]:
    """Merge the digits of several masks of a picture. Of digits that cover each other, keep the most probable one.

    If two digits are equally probable, the digit with the smaller box is kept.
    """
    pool = sorted((digit for digits in masks for digit in digits), key=_suppression_order)
    return tuple(pool[i] for i in suppress_overlaps([digit.box for digit in pool]))


def _suppression_order(digit: Digit) -> tuple[float, int]:
    return -round(digit.probability, PROBABILITY_DECIMALS), digit.box.w * digit.box.h


def suppress_overlaps(boxes: Sequence[Box]) -> list[int]:
    """Return the indices of the boxes that no better kept box covers; `boxes` are sorted, the best one first."""
    areas = np.array([b.w * b.h for b in boxes], np.int64)
    one, other, shared = shared_areas(boxes)
    covers = shared > MAX_OVERLAP_SHARE * np.minimum(areas[one], areas[other])
    better: list[list[int]] = [[] for _ in boxes]
    for first, second in zip(one[covers].tolist(), other[covers].tolist(), strict=True):
        better[max(first, second)].append(min(first, second))
    kept: set[int] = set()
    for index, rivals in enumerate(better):
        if kept.isdisjoint(rivals):
            kept.add(index)
    return sorted(kept)
