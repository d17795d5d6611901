"""Words: a digit among letters is likely a letter, too, so it must be more probable than a digit among digits.

An o, an s or an l has the same shape as a 0, a 5 or a 1, and printed text has numbers that nobody wrote. The nets see
one candidate at a time and were trained with as many digits as other marks. Among letters the prior odds are different,
and so is the posterior (Saerens et al., "Adjusting the outputs of a classifier to new a priori probabilities", 2002).
The odds are estimated twice: from the row of the digit, and from everything around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, overlapping_intervals
from agent.vision.candidates import Candidate
from agent.vision.digits import Digit

MAX_ROW_GAP_HEIGHTS = 1.2
"""Largest gap between two marks of a row, between letters or words, as a share of the height of the lower one. Raising
it makes rows longer. Chosen by trial on drawn pages and the sample pictures."""
MAX_ROW_HEIGHT_RATIO = 2.2
"""Two neighbouring marks of a row differ in height by at most this factor. Raising it makes rows longer. Chosen by
trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_ROW_OVERLAP = 0.5
"""Two neighbouring marks of a row overlap vertically by more than this share of the height of the lower one. Raising it
splits rows that slope. Chosen by trial."""
MAX_DISTANCE_HEIGHTS = 15.0
"""Marks further away than this many heights of a digit do not count for it: they are another column or text. Raising it
counts more of the page. Chosen by trial on drawn pages and the sample pictures."""
MIN_MARK_HEIGHT_SHARE = 0.45
"""Marks lower than this share of the height of a digit do not count for it: they are commas or stains. Raising it
counts fewer marks. Chosen by trial on drawn pages and the sample pictures."""
MAX_MARK_HEIGHT_SHARE = 1.6
"""Marks higher than this share of the height of a digit do not count for it: they are larger writing. Raising it counts
more marks. Chosen by trial on drawn pages and the sample pictures."""
MIN_LETTER_ASPECT = 0.3
"""Marks narrower than this share of their height do not count as letters: they may be ruled lines or sides of boxes.
Raising it counts fewer letters. Chosen by trial on drawn pages and the sample pictures."""
LETTER_WIDTH_HEIGHTS = 0.75
"""Usual width of a letter, as a share of its height. A mark counts as the number of letters that fit into its width.
Raising it counts fewer letters. Chosen by trial on drawn pages and the sample pictures."""
CONTEXT_WEIGHT = 2.0
"""Weight of the odds from everything around a digit; the odds from its row have weight 1. Printed text is printed as a
whole, with its numbers. Raising it drops more digits. Chosen on drawn pages of held-out training digits: there it
reduced 48 false digits to 32, and 31 to 2 on pages without digits, and lost 3 of 2,015."""
ROUNDS = 3
"""Number of times the odds are computed: a digit that turns out to be a letter changes the odds of the other digits.
Raising it costs time. Chosen by trial on drawn pages and the sample pictures."""
MAX_PROBABILITY = 0.9999
"""Higher probabilities of the nets are taken as this one, so that the odds stay finite. Raising it lets a single digit
decide more. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""

Evidence = NDArray[np.float64]


def outside_words(found: Mapping[Candidate, Digit], candidates: Sequence[Candidate]) -> dict[Candidate, Digit]:
    """Return the digits of one mask that remain digits among the letters around them.

    Args:
        found: digits by their candidates, with boxes in working pixels.
        candidates: all candidates of the mask.
    """
    letters = _letters(found, candidates)
    if not found or not letters:
        return dict(found)
    marks = np.array([digit.box for digit in found.values()] + letters, np.float64)
    row, around = _neighbours(marks, len(found))
    alone = np.minimum([digit.probability for digit in found.values()], MAX_PROBABILITY)
    is_digit = np.concatenate([alone, np.zeros(len(letters))])
    kept = alone > 0
    for _ in range(ROUNDS):
        odds = _odds_of_letters(row, is_digit) + CONTEXT_WEIGHT * _odds_of_letters(around, is_digit)
        kept = np.log(alone / (1 - alone)) >= odds
        is_digit[: len(found)] = alone * kept
    return {c: d for (c, d), stays in zip(found.items(), kept.tolist(), strict=True) if stays}


def _odds_of_letters(neighbours: Evidence, is_digit: Evidence) -> Evidence:
    """Return the logarithm of the number of letters per digit, float64 (n,), with one added to each number."""
    return np.log((neighbours @ (1 - is_digit) + 1) / (neighbours @ is_digit + 1))


def _letters(found: Mapping[Candidate, Digit], candidates: Sequence[Candidate]) -> list[Box]:
    """Return the boxes of the marks that belong to no digit, without narrow ones."""
    of_digits = {atom for candidate in found for atom in candidate.atoms}
    every = dict.fromkeys(atom for candidate in candidates for atom in candidate.atoms)
    return [atom.box for atom in every if atom not in of_digits and atom.box.w >= MIN_LETTER_ASPECT * atom.box.h]


def _neighbours(marks: Evidence, count: int) -> tuple[Evidence, Evidence]:
    """Return how many letters each mark counts for each of the first `count` marks.

    Args:
        marks: boxes, float64 (m, 4).
        count: number of the marks, from the first, that are digits.

    Returns:
        Letters in the same row, and letters around in other rows, each float64 (count, m).
    """
    x, y, w, h = marks.T
    letters = np.maximum(1, np.rint(w / (LETTER_WIDTH_HEIGHTS * h)))
    letters[:count] = 1
    height = h[:count, None]
    comparable = (h > MIN_MARK_HEIGHT_SHARE * height) & (h < MAX_MARK_HEIGHT_SHARE * height)
    middle_x, middle_y = x + w / 2, y + h / 2
    reach = MAX_DISTANCE_HEIGHTS * height
    close = (abs(middle_x - middle_x[:count, None]) < reach) & (abs(middle_y - middle_y[:count, None]) < reach)
    row = _rows(marks)
    return (comparable & (row == row[:count, None])) * letters, (comparable & close) * letters


def _rows(boxes: Evidence) -> NDArray[np.intp]:
    """Return the row of each box, float64 (n, 4), as a number, intp (n,): connected neighbours are in one row."""
    order = np.argsort(boxes[:, 0], kind="stable")
    left, top, w, h = boxes[order].T
    right, bottom = left + w, top + h
    one, other = overlapping_intervals(left, right + MAX_ROW_GAP_HEIGHTS * h)
    low, high = np.minimum(h[one], h[other]), np.maximum(h[one], h[other])
    beside = np.minimum(bottom[one], bottom[other]) - np.maximum(top[one], top[other]) > MIN_ROW_OVERLAP * low
    joined = beside & (left[other] - right[one] <= MAX_ROW_GAP_HEIGHTS * low) & (high <= MAX_ROW_HEIGHT_RATIO * low)
    one, other = one[joined], other[joined]
    row = np.arange(len(boxes))
    while not np.array_equal(row[one], row[other]):
        np.minimum.at(row, other, row[one])
        np.minimum.at(row, one, row[other])
        row = row[row]  # pointer jumping: each box takes the row of its first box
    rows = np.empty_like(row)
    rows[order] = row
    return rows
