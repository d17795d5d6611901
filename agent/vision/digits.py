"""From judged candidates to digits: the best runs of each cluster, and of what several masks show the surest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, shared_areas
from agent.vision.candidates import Candidate

CLASSES = 11
NOT_A_DIGIT = 10

LEAST_PROBABILITY = 0.7
"""A candidate less likely to be a digit than this is none, unless the ink asks for more."""
MOST_COVERED = 0.4
"""Digits share at most this much of the smaller one's box."""
LEAST_EXPLAINED = 0.3
"""A cluster of whose ink less than this is digits is a word or a drawing: what looks like a digit in it is none."""
EQUALLY_SURE = 3
"""Probabilities are compared to so many decimals: beyond them every processor rounds otherwise."""
DIGIT_COST = 0.35
"""What reading a candidate costs: of two ways to read the same ink, the one with fewer doubts wins."""


@dataclass(frozen=True)
class Digit:
    """A digit that was read."""

    digit: int
    """0..9."""
    probability: float
    box: Box


def select(
    candidates: Sequence[Candidate], probability: NDArray[np.float32], least: float = LEAST_PROBABILITY
) -> dict[Candidate, Digit]:
    """Which candidates of one mask are digits, in working pixels: of each cluster the runs that explain most ink best.

    Args:
        candidates: of one mask, cluster by cluster.
        probability: float32 (n, 11), one row a candidate.
        least: a candidate less likely to be a digit than this is none.
    """
    labels = probability[:, :NOT_A_DIGIT].argmax(axis=1).tolist()
    sure = probability[:, :NOT_A_DIGIT].max(axis=1).tolist()
    read = [Digit(label, p, c.box) for c, label, p in zip(candidates, labels, sure, strict=True)]
    clusters = groupby(zip(candidates, read, strict=True), key=lambda pair: pair[0].cluster)
    return dict(pair for _, members in clusters for pair in _best_runs(list(members), least))


def _best_runs(members: Sequence[tuple[Candidate, Digit]], least: float) -> Iterator[tuple[Candidate, Digit]]:
    """Dynamic programming over a cluster's atoms: best[i] is the most that the first i atoms can be worth."""
    count = 1 + max(candidate.last for candidate, _ in members)
    best = [0.0] * (count + 1)
    choice: list[tuple[Candidate, Digit] | None] = [None] * (count + 1)
    by_end: list[list[tuple[Candidate, Digit]]] = [[] for _ in range(count)]
    for member in members:
        by_end[member[0].last].append(member)
    for end in range(count):
        best[end + 1] = best[end]
        for candidate, digit in by_end[end]:
            if digit.probability < least:
                continue
            worth = best[candidate.first] + candidate.area * (digit.probability - DIGIT_COST)
            if worth > best[end + 1]:
                best[end + 1], choice[end + 1] = worth, (candidate, digit)
    taken = list(_walk_back(choice))
    if sum(c.area * d.probability for c, d in taken) >= LEAST_EXPLAINED * _ink(c for c, _ in members):
        yield from taken


def _walk_back(choice: Sequence[tuple[Candidate, Digit] | None]) -> Iterator[tuple[Candidate, Digit]]:
    """What the best way consists of, from the last to the first."""
    end = len(choice) - 1
    while end > 0:
        chosen = choice[end]
        if chosen is None:
            end -= 1
        else:
            yield chosen
            end = chosen[0].first


def _ink(members: Iterable[Candidate]) -> int:
    """All of a cluster's ink, in pixels."""
    return sum({m.first + i: atom.area for m in members for i, atom in enumerate(m.atoms)}.values())


def non_max_suppression(seen: Iterable[Iterable[Digit]]) -> tuple[Digit, ...]:
    """One set of digits from several masks of the same picture: of those that cover each other the surest.

    Where two are as sure, that is the one whose box takes least along.
    """
    pool = sorted((d for digits in seen for d in digits), key=_doubt)
    return tuple(pool[i] for i in uncovered([d.box for d in pool]))


def _doubt(digit: Digit) -> tuple[float, int]:
    """The less, the better."""
    return -round(digit.probability, EQUALLY_SURE), digit.box.w * digit.box.h


def uncovered(boxes: Sequence[Box]) -> list[int]:
    """Of boxes, the best first, the numbers of those that no better one covers."""
    areas = np.array([b.w * b.h for b in boxes], np.int64)
    one, other, shared = shared_areas(boxes)
    covered = shared > MOST_COVERED * np.minimum(areas[one], areas[other])
    better: list[list[int]] = [[] for _ in boxes]
    for first, second in zip(one[covered].tolist(), other[covered].tolist(), strict=True):
        better[max(first, second)].append(min(first, second))
    kept: set[int] = set()
    for index, rivals in enumerate(better):
        if kept.isdisjoint(rivals):
            kept.add(index)
    return sorted(kept)
