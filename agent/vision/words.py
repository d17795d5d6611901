"""Words: what stands among letters is likely a letter too, and the less sure a digit the fewer of them it takes.

An o, an s or an l has the very shape of a 0, a 5 or a 1, and running print has numbers that nobody wrote. The nets see
one mark at a time, and learnt from as many digits as other marks. Where marks are mostly letters, a digit must be so
much surer: a posterior under other prior odds (Saerens et al., "Adjusting the outputs of a classifier to new a priori
probabilities", 2002). Those odds are told twice, by the row that a digit stands in and by all that is around.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, overlapping_intervals
from agent.vision.candidates import Candidate
from agent.vision.digits import Digit

BESIDE = 1.2
"""Marks of a row, words as well as letters, are at most so far apart, as a share of the lower one's height."""
ALIKE = 2.2
"""Marks of a row are at most so many times higher than each other."""
AROUND = 15.0
"""What is further away than so many of a digit's heights is no evidence: another column, another text."""
LOWEST, HIGHEST = 0.45, 1.6
"""Nor is what is lower or higher than this, as shares of its height: larger letters, a comma, a stain."""
SLIM = 0.3
"""What is narrower than this share of its height may be a rule or the side of a box: no letter to reckon with."""
LETTER_WIDTH = 0.75
"""A letter's usual width, as a share of its height: the width of several that hang together tells how many."""
AROUND_WEIGHT = 2.0
"""The odds around count so many times: print is print as a whole, numbers and all. Set on drawn pages of held-out
training digits, where it took 48 false digits down to 32, and 31 to 2 on pages without any, and lost 3 of 2,015."""
ROUNDS = 3
"""A digit that is found to be a letter speaks against the others: so often that is weighed anew."""
SUREST = 1 - 1e-4
"""No net is surer than this."""

Evidence = NDArray[np.float64]


def outside_words(found: Mapping[Candidate, Digit], candidates: Sequence[Candidate]) -> dict[Candidate, Digit]:
    """The digits of one mask that are likely none of the letters around them.

    Args:
        found: what looks like digits, in the mask's pixels.
        candidates: all that the mask offered.
    """
    letters = _letters(found, candidates)
    if not found or not letters:
        return dict(found)
    marks = np.array([digit.box for digit in found.values()] + letters, np.float64)
    row, around = _neighbours(marks, len(found))
    alone = np.minimum([digit.probability for digit in found.values()], SUREST)
    is_digit = np.concatenate([alone, np.zeros(len(letters))])
    kept = alone > 0
    for _ in range(ROUNDS):
        odds = _odds_of_letters(row, is_digit) + AROUND_WEIGHT * _odds_of_letters(around, is_digit)
        kept = np.log(alone / (1 - alone)) >= odds
        is_digit[: len(found)] = alone * kept
    return {c: d for (c, d), stays in zip(found.items(), kept.tolist(), strict=True) if stays}


def _odds_of_letters(neighbours: Evidence, is_digit: Evidence) -> Evidence:
    """Logarithm of how many letters there are to a digit, float64 (n,); nothing is certain, so one more of each."""
    return np.log((neighbours @ (1 - is_digit) + 1) / (neighbours @ is_digit + 1))


def _letters(found: Mapping[Candidate, Digit], candidates: Sequence[Candidate]) -> list[Box]:
    """The marks that belong to no digit, unless they are slim."""
    of_digits = {atom for candidate in found for atom in candidate.atoms}
    every = dict.fromkeys(atom for candidate in candidates for atom in candidate.atoms)
    return [atom.box for atom in every if atom not in of_digits and atom.box.w >= SLIM * atom.box.h]


def _neighbours(marks: Evidence, count: int) -> tuple[Evidence, Evidence]:
    """How many letters each of all marks, float64 (m, 4), counts for each of the first `count`, its row's and around.

    Returns:
        Two times float64 (count, m).
    """
    x, y, w, h = marks.T
    letters = np.maximum(1, np.rint(w / (LETTER_WIDTH * h)))
    letters[:count] = 1
    height = h[:count, None]
    comparable = (h > LOWEST * height) & (h < HIGHEST * height)
    middle_x, middle_y = x + w / 2, y + h / 2
    reach = AROUND * height
    close = (abs(middle_x - middle_x[:count, None]) < reach) & (abs(middle_y - middle_y[:count, None]) < reach)
    row = _rows(marks)
    return (comparable & (row == row[:count, None])) * letters, (comparable & close) * letters


def _rows(boxes: Evidence) -> NDArray[np.intp]:
    """The row that each box, float64 (n, 4), belongs to: one box beside the other, as far as that goes."""
    order = np.argsort(boxes[:, 0], kind="stable")
    left, top, w, h = boxes[order].T
    right, bottom = left + w, top + h
    one, other = overlapping_intervals(left, right + BESIDE * h)
    low, high = np.minimum(h[one], h[other]), np.maximum(h[one], h[other])
    beside = np.minimum(bottom[one], bottom[other]) - np.maximum(top[one], top[other]) > 0.5 * low
    joined = beside & (left[other] - right[one] <= BESIDE * low) & (high <= ALIKE * low)
    one, other = one[joined], other[joined]
    row = np.arange(len(boxes))
    while not np.array_equal(row[one], row[other]):
        np.minimum.at(row, other, row[one])
        np.minimum.at(row, one, row[other])
        row = row[row]  # what a row's first box has joined, the others join at once
    rows = np.empty_like(row)
    rows[order] = row
    return rows
