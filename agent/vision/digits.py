"""From candidates to digits: the net judges every candidate, and the best runs of each cluster are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, intersections
from agent.vision.candidates import Candidate

CLASSES = 11
NOT_A_DIGIT = 10

OUTLIER_PRIOR = 1.0
"""Added to the logit for "not a digit": a net is made for glyphs that are digits, and most of a page's are none."""
LEAST_PROBABILITY = 0.5
"""A candidate less likely to be a digit than this is none."""
LEAST_AGREED = 0.55
"""Likewise for the mean over several masks."""
MOST_COVERED = 0.4
"""Digits share at most this much of the smaller one's box."""
LEAST_EXPLAINED = 0.6
"""A cluster of whose ink less than this is digits is a word or a drawing: what looks like a digit in it is none."""
WORTH = 0.35
"""What reading a candidate costs: of two ways to read the same ink, the one with fewer doubts wins."""


class Net(Protocol):
    """What turns glyphs into logits: a runtime with a model loaded."""

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (n, 11), of glyphs, uint8 (n, 28, 28); the last class is "not a digit"."""
        ...


@dataclass(frozen=True)
class Digit:
    """A digit that was read."""

    digit: int
    """0..9."""
    probability: float
    box: Box


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each candidate's class probabilities, float32 (n, 11), with what is known of a page's candidates beforehand."""
    known = logits.copy()
    known[:, NOT_A_DIGIT] += OUTLIER_PRIOR
    shifted = np.exp(known - known.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)


def select(candidates: Sequence[Candidate], probability: NDArray[np.float32]) -> tuple[Digit, ...]:
    """The digits of one mask, in working pixels: in each cluster the runs that explain most ink best.

    Args:
        candidates: of one mask, cluster by cluster.
        probability: float32 (n, 11), one row a candidate.
    """
    labels = probability[:, :NOT_A_DIGIT].argmax(axis=1).tolist()
    sure = probability[:, :NOT_A_DIGIT].max(axis=1).tolist()
    read = [Digit(label, p, c.box) for c, label, p in zip(candidates, labels, sure, strict=True)]
    clusters = groupby(zip(candidates, read, strict=True), key=lambda pair: pair[0].cluster)
    return tuple(digit for _, members in clusters for digit in _best_runs(list(members)))


def _best_runs(members: Sequence[tuple[Candidate, Digit]]) -> Iterator[Digit]:
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
            if digit.probability < LEAST_PROBABILITY:
                continue
            worth = best[candidate.first] + candidate.area * (digit.probability - WORTH)
            if worth > best[end + 1]:
                best[end + 1], choice[end + 1] = worth, (candidate, digit)
    taken = list(_walk_back(choice))
    if sum(c.area * d.probability for c, d in taken) >= LEAST_EXPLAINED * _ink(c for c, _ in members):
        yield from (digit for _, digit in taken)


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


def agree(readings: Sequence[Sequence[Digit]]) -> tuple[Digit, ...]:
    """One set of digits from several masks of the same picture: those that most masks see, most surely.

    A digit's probability becomes the middle between its surest mask's and the mean over all masks, where a mask that
    does not see it counts 0.
    """
    pool = sorted((d for digits in readings for d in digits), key=lambda d: -d.probability)
    shared, areas = intersections([d.box for d in pool])
    same = shared >= 0.5 * (areas[:, None] + areas - shared)
    groups: list[list[Digit]] = []
    free = np.ones(len(pool), bool)
    for index in range(len(pool)):
        if free[index]:
            members = np.flatnonzero(same[index] & free)
            free[members] = False
            groups.append([pool[i] for i in members])
    merged = sorted((_vote(group, len(readings)) for group in groups), key=lambda d: -d.probability)
    return _apart([digit for digit in merged if digit.probability >= LEAST_AGREED])


def _apart(digits: Sequence[Digit]) -> tuple[Digit, ...]:
    """Of digits that cover each other the first."""
    shared, areas = intersections([d.box for d in digits])
    covered = shared > MOST_COVERED * np.minimum(areas[:, None], areas)
    kept: list[int] = []
    for index in range(len(digits)):
        if not covered[index, kept].any():
            kept.append(index)
    return tuple(digits[i] for i in kept)


def _vote(group: Sequence[Digit], masks: int) -> Digit:
    """The group's digit: the label that is backed most, the middle one of its boxes."""
    shares: dict[int, float] = {}
    for digit in group:
        shares[digit.digit] = shares.get(digit.digit, 0.0) + digit.probability
    winner = max(shares, key=lambda d: shares[d])
    backers = [d for d in group if d.digit == winner]
    backing = min(1.0, shares[winner] / masks)
    by_size = sorted((d.box for d in backers), key=lambda b: b.w * b.h)
    return Digit(winner, (backing + backers[0].probability) / 2, by_size[(len(by_size) - 1) // 2])
