"""Words: what looks like a digit among letters is a letter.

An o, an s or an l in a row of letters has the very shape of a 0, a 5 or a 1. What tells it is the row: its neighbours,
as large as itself and right beside it, are no digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, union
from agent.vision.candidates import Candidate
from agent.vision.digits import Digit

NEAR = 0.4
"""Letters of a word, and digits of a number, are at most so far apart, as a share of their height."""
ALIKE = 2.2
"""Letters of a word are at most so many times higher than each other."""
SLIM = 0.3
"""What is narrower than this share of its height may be a rule or the side of a box: no letter to reckon with."""
LETTER_WEIGHT = 0.6
"""What a letter says against its row, where a sure digit says 1 for it, and one that may as well be none nothing."""
LETTER_WIDTH = 0.75
"""A letter's usual width, as a share of its height: how many hang together tells the width."""


def outside_words(found: Mapping[Candidate, Digit], candidates: Sequence[Candidate]) -> dict[Candidate, Digit]:
    """The digits of one mask that do not stand in a word: their row's letters do not outweigh them.

    Args:
        found: what looks like digits, in the mask's pixels.
        candidates: all that the mask offered.
    """
    letters = _letters(found, candidates)
    if not found or not letters:
        return dict(found)
    boxes = [digit.box for digit in found.values()] + letters
    row = _rows(np.array(boxes, np.float64))
    for_digits = [2 * digit.probability - 1 for digit in found.values()]
    weight = np.array(for_digits + [-LETTER_WEIGHT * max(1, round(b.w / (LETTER_WIDTH * b.h))) for b in letters])
    balance = np.bincount(row, weight)
    return {c: d for (c, d), number in zip(found.items(), row[: len(found)], strict=True) if balance[number] >= 0}


def _letters(found: Mapping[Candidate, Digit], candidates: Sequence[Candidate]) -> list[Box]:
    """What hangs together and holds no digit, unless it is slim."""
    with_digits = {candidate.cluster for candidate in found}
    clusters: dict[int, list[Box]] = {}
    for candidate in candidates:
        if candidate.cluster not in with_digits:
            clusters.setdefault(candidate.cluster, []).append(candidate.box)
    boxes = (union(members) for members in clusters.values())
    return [box for box in boxes if box.w >= SLIM * box.h]


def _rows(boxes: NDArray[np.float64]) -> NDArray[np.intp]:
    """The row that each box, float64 (n, 4), belongs to: one box beside the other, as far as that goes."""
    x, y, w, h = boxes.T
    low = np.minimum(h[:, None], h)
    gap = np.maximum(x[:, None], x) - np.minimum((x + w)[:, None], x + w)
    beside = np.minimum((y + h)[:, None], y + h) - np.maximum(y[:, None], y) > 0.5 * low
    joined = beside & (gap <= NEAR * low) & (np.maximum(h[:, None], h) <= ALIKE * low)
    row = np.arange(len(boxes))
    while True:
        least = np.where(joined, row, len(row)).min(axis=1)
        if np.array_equal(least, row):
            return row
        row = least
