"""From digits to readings: lines, and in a line numbers by their gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from agent.vision.box import Box, union
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
    for digit in sorted(digits, key=lambda d: d.box.x):
        line = _line_of(digit, lines)
        if line is None:
            lines.append([digit])
        else:
            line.append(digit)
    return tuple(reading for line in _in_order(lines) for reading in _numbers(_without_small(line)))


def _line_of(digit: Digit, lines: Sequence[list[Digit]]) -> list[Digit] | None:
    """The line whose end the digit carries on best."""
    best, best_distance = None, SAME_LINE
    for line in lines:
        tail = line[-4:]
        height = max(median(d.box.h for d in tail), digit.box.h)
        gap = digit.box.x - line[-1].box.right
        if gap > NEAR_HEIGHTS * height:
            continue
        distance = abs(digit.box.centre[1] - median(d.box.centre[1] for d in tail)) / height
        if distance < best_distance:
            best, best_distance = line, distance
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
