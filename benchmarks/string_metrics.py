"""Figures of read strings: errors, risk over coverage, and how well the confidence is calibrated.

In all functions `confidence` is float (n,), 0..1, and `right` is bool (n,): whether each string is read without a
mistake. The order of the strings does not matter; strings with the same confidence are accepted together, or in part
with the share of the wrong ones among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Confidence = NDArray[np.float64]
Right = NDArray[np.bool_]

TEN_BINS = tuple(number / 10 for number in range(11))
"""Edges of the ten bins of the expected calibration error, as in Guo et al., On Calibration of Modern Neural Networks,
2017."""


def edit_distance(a: str, b: str) -> int:
    """Return the Levenshtein distance of two texts: the fewest insertions, deletions and substitutions."""
    row = list(range(len(b) + 1))
    for i, c in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, d in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (c != d))
    return row[-1]


def character_error_rate(truths: Sequence[str], read: Sequence[str]) -> float:
    """Return the edit distances of all texts, divided by the characters of all truths; 0 without characters."""
    characters = sum(map(len, truths))
    wrong = sum(edit_distance(truth, text) for truth, text in zip(truths, read, strict=True))
    return wrong / characters if characters else 0.0


def risk_at(coverage: float, confidence: Confidence, right: Right) -> float:
    """Return the share of wrong strings among the most confident `coverage` of all strings; 0 without strings."""
    accepted, wrong = risk_curve(confidence, right)
    kept = coverage * accepted[-1]
    return float(np.interp(kept, accepted, wrong) / kept) if kept else 0.0


def coverage_at(risk: float, confidence: Confidence, right: Right) -> float:
    """Return the largest share of strings that one threshold of confidence accepts with at most `risk` wrong."""
    accepted, wrong = risk_curve(confidence, right)
    return float(accepted[wrong <= risk * accepted].max(initial=0) / accepted[-1]) if accepted[-1] else 0.0


def risk_curve(confidence: Confidence, right: Right) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of accepted strings and of the wrong ones among them, for each threshold, highest first.

    Returns:
        Two arrays, int64 (1 + number of different confidences,); both begin with 0.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    last = np.flatnonzero(np.append(np.diff(confidence[order]) < 0, len(order) > 0))
    return np.append(0, last + 1), np.append(0, wrong[last])


class Bin(NamedTuple):
    """Strings of about the same confidence."""

    low: float
    high: float
    strings: int
    confidence: float
    """Mean confidence."""
    right: float
    """Share of strings without a mistake."""


def reliability(confidence: Confidence, right: Right, edges: Sequence[float] = TEN_BINS) -> list[Bin]:
    """Return the bins that hold strings, lowest first.

    Args:
        confidence: of each string.
        right: of each string.
        edges: edges of the bins, from 0 to 1. A bin contains its lower edge; the last one contains 1 too.
    """
    of_bin = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, len(edges) - 2)
    parts = [(low, high, of_bin == number) for number, (low, high) in enumerate(pairwise(edges))]
    return [
        Bin(low, high, int(part.sum()), float(confidence[part].mean()), float(right[part].mean()))
        for low, high, part in parts
        if part.any()
    ]


def calibration_error(confidence: Confidence, right: Right) -> float:
    """Return the expected calibration error: the mean gap between confidence and share of right strings in ten bins."""
    gaps = sum(row.strings * abs(row.confidence - row.right) for row in reliability(confidence, right))
    return gaps / max(1, len(confidence))
