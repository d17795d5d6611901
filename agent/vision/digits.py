"""From candidates to digits: the net judges every candidate, and the best runs of each cluster are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import Candidate

CLASSES = 11
NOT_A_DIGIT = 10

OUTLIER_PRIOR = 1.0
"""Added to the logit for "not a digit": a net is made for glyphs that are digits, and most of a page's are none."""
LEAST_PROBABILITY = 0.5
"""A candidate less likely to be a digit than this is none."""
LEAST_AGREED = 0.55
"""Likewise for the mean over several masks."""
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
    found: list[Digit] = []
    numbered = groupby(enumerate(candidates), key=lambda pair: pair[1].cluster)
    for _, group in numbered:
        indices, members = zip(*group, strict=True)
        found.extend(_best_runs(members, probability[list(indices)]))
    return tuple(found)


def _best_runs(members: Sequence[Candidate], probability: NDArray[np.float32]) -> list[Digit]:
    """Dynamic programming over a cluster's atoms: best[i] is the most that the first i atoms can be worth."""
    count = 1 + max(c.last for c in members)
    best = [0.0] * (count + 1)
    choice: list[int | None] = [None] * (count + 1)
    labels = probability[:, :NOT_A_DIGIT].argmax(axis=1)
    sure = probability[np.arange(len(members)), labels]
    by_end: list[list[int]] = [[] for _ in range(count)]
    for index, member in enumerate(members):
        by_end[member.last].append(index)
    for end in range(count):
        best[end + 1] = best[end]
        for index in by_end[end]:
            if sure[index] < LEAST_PROBABILITY:
                continue
            worth = best[members[index].first] + members[index].area * (float(sure[index]) - WORTH)
            if worth > best[end + 1]:
                best[end + 1], choice[end + 1] = worth, index
    taken = list(_walk_back(choice, members))
    if sum(members[i].area * sure[i] for i in taken) < LEAST_EXPLAINED * _ink(members):
        return []
    return [Digit(int(labels[i]), float(sure[i]), members[i].box) for i in taken]


def _walk_back(choice: Sequence[int | None], members: Sequence[Candidate]) -> Iterator[int]:
    """The members that the best way consists of, from the last to the first."""
    end = len(choice) - 1
    while end > 0:
        index = choice[end]
        if index is None:
            end -= 1
        else:
            yield index
            end = members[index].first


def _ink(members: Sequence[Candidate]) -> int:
    """All of a cluster's ink, in pixels."""
    areas = {m.first + i: atom.area for m in members for i, atom in enumerate(m.atoms)}
    return sum(areas.values())


def agree(readings: Sequence[Sequence[Digit]]) -> tuple[Digit, ...]:
    """One set of digits from several masks of the same picture: those that most masks see, most surely.

    A digit's probability becomes the middle between its surest mask's and the mean over all masks, where a mask that
    does not see it counts 0.
    """
    pool = sorted((d for digits in readings for d in digits), key=lambda d: -d.probability)
    groups: list[list[Digit]] = []
    for digit in pool:
        for group in groups:
            if group[0].box.overlap(digit.box) >= 0.5:
                group.append(digit)
                break
        else:
            groups.append([digit])
    merged = sorted((_vote(group, len(readings)) for group in groups), key=lambda d: -d.probability)
    kept: list[Digit] = []
    for digit in merged:
        if digit.probability >= LEAST_AGREED and not any(_covered(digit.box, other.box) > 0.4 for other in kept):
            kept.append(digit)
    return tuple(kept)


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


def _covered(a: Box, b: Box) -> float:
    """Intersection over the smaller box."""
    w = min(a.right, b.right) - max(a.x, b.x)
    h = min(a.bottom, b.bottom) - max(a.y, b.y)
    return w * h / min(a.w * a.h, b.w * b.h) if w > 0 and h > 0 else 0.0
