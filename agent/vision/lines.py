"""From digits to readings: lines, and in a line numbers by their gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from agent.vision.box import Box, union
from agent.vision.dates import parted
from agent.vision.digits import Digit

SAME_LINE = 0.55
"""Digits whose middles differ by less than this share of their height stand on one line."""
NEAR_HEIGHTS = 3.0
"""Digits further apart than this many heights are not followed as one line."""
GAP_HEIGHTS = 0.7
"""A gap wider than this many heights parts two numbers."""
SMALL = 0.45
"""A digit lower than this share of its line's height is a comma or a stain."""


@dataclass(frozen=True)
class Reading:
    """A number: digits of one line that stand close together, from left to right."""

    text: str
    box: Box
    confidence: float
    """The least sure digit's probability."""
    digits: tuple[Digit, ...]


def group_lines(digits: Sequence[Digit]) -> tuple[Reading, ...]:
    """Readings in the order a person reads: lines from top to bottom, numbers from left to right.

    A line is followed digit by digit, so it may slope.
    """
    lines: list[list[Digit]] = []
    ends: list[_End] = []
    for digit in sorted(digits, key=lambda d: d.box.x):
        number = _carried_on(digit, ends)
        if number is None:
            lines.append([digit])
            ends.append(_end(lines[-1]))
        else:
            lines[number].append(digit)
            ends[number] = _end(lines[number])
    parts = (part for line in _in_order(lines) for part in parted(_without_small(line)))
    return tuple(reading for part in parts for reading in _numbers(part))


class _End(NamedTuple):
    """Where a line has got to."""

    right: int
    middle: float
    height: float


def _end(line: Sequence[Digit]) -> _End:
    tail = [d.box for d in line[-4:]]
    return _End(tail[-1].right, median(b.centre[1] for b in tail), median(b.h for b in tail))


def _carried_on(digit: Digit, ends: Sequence[_End]) -> int | None:
    """The number of the line that the digit carries on best."""
    best, best_distance = None, SAME_LINE
    box, middle = digit.box, digit.box.centre[1]
    for number, end in enumerate(ends):
        height = max(end.height, box.h)
        distance = abs(middle - end.middle) / height
        if distance < best_distance and box.x - end.right <= NEAR_HEIGHTS * height:
            best, best_distance = number, distance
    return best


def _in_order(lines: Sequence[list[Digit]]) -> list[list[Digit]]:
    """Lines from top to bottom; those that stand side by side, from left to right."""
    rows: list[list[list[Digit]]] = []
    for line in sorted(lines, key=_middle):
        height = median(d.box.h for d in line)
        if rows and _middle(line) - median(map(_middle, rows[-1])) < SAME_LINE * height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda r: r[0].box.x)]


def _middle(line: Sequence[Digit]) -> float:
    return float(median(d.box.centre[1] for d in line))


def _without_small(line: Sequence[Digit]) -> list[Digit]:
    height = median(d.box.h for d in line)
    return [d for d in line if d.box.h >= SMALL * height]


def _numbers(line: Sequence[Digit]) -> list[Reading]:
    height = median(d.box.h for d in line)
    groups: list[list[Digit]] = [[line[0]]]
    for previous, digit in pairwise(line):
        if digit.box.x - previous.box.right > GAP_HEIGHTS * height:
            groups.append([])
        groups[-1].append(digit)
    return [
        Reading(
            "".join(str(d.digit) for d in group),
            union(d.box for d in group),
            min(d.probability for d in group),
            tuple(group),
        )
        for group in groups
    ]
