"""Group digits into lines, and each line into readings by its gaps."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import prod
from operator import itemgetter
from statistics import median
from typing import NamedTuple

from agent.vision.box import Box, union
from agent.vision.dates import split_date
from agent.vision.digits import Digit
from agent.vision.line_text import digits_of
from agent.vision.value import SIGNS_NOT_READ

MAX_LINE_OFFSET_HEIGHTS = 0.55
"""Digits are on one line if their centres differ vertically by less than this many heights. Raising it joins lines.
Chosen by trial on drawn pages and the sample pictures."""
MAX_LINE_GAP_HEIGHTS = 3.0
"""A line ends at a horizontal gap wider than this many heights of a digit; what follows is another line. Raising it
joins lines of neighbouring columns. Chosen by trial on drawn pages and the sample pictures."""
END_DIGITS = 4
"""Number of digits, from the right, that give the position and height of the end of a line. Raising it makes the end
steadier, and loses lines that slope. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MIN_NUMBER_GAP_HEIGHTS = 0.7
"""A gap wider than this many heights of a digit separates two numbers, unless the line is written wider
(`number_gap`). `agent.vision.line_numbers` allows wider gaps where a sign stands between the digits. Raising it
joins numbers. Chosen by trial on drawn pages and the sample pictures. The sensitivity run compares digits, so it does
not show the effect."""
MAX_NUMBER_GAP_HEIGHTS = 1.1
"""A gap wider than this many heights of a digit always separates two numbers. Raising it joins cells of a table. A
guess that was never measured."""
MIN_RHYTHM_GAPS = 3
"""A line with fewer gaps than this does not show how wide it is written. Raising it uses the fixed gap in more lines. A
guess that was never measured."""
RHYTHM_SHARE = 1 / 3
"""The narrow gaps of a line, at this quantile, lie within its numbers. Raising it takes the space between two numbers
for a gap within a number. Chosen with `RHYTHM_FACTOR`."""
RHYTHM_FACTOR = 1.8
"""A gap of this many narrow gaps is still within a number. Raising it joins numbers. Measured: with 1.8 and a third,
7.7 % of 453 numbers of writers that training uses are split, 12.8 % with a fixed gap; of 3,000 lines composed of two or
three of these numbers 5.2 % have two joined, 4.7 % with a fixed gap."""
MIN_HEIGHT_SHARE = 0.45
"""A digit lower than this share of the median height of its line is a comma or a stain, and is dropped. Raising it
drops more small digits. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at
±20 %."""


@dataclass(frozen=True)
class Alternative:
    """Another text that a reading may have."""

    text: str
    probability: float
    """Probability that this text is right, 0..1."""


@dataclass(frozen=True)
class Reading:
    """A number: digits of one line that stand close together, from left to right."""

    text: str
    """The digits, and the signs between them as they are written, such as "3.14", "-42" or "27/11/26"."""
    box: Box
    """Box around the digits, in pixels of the picture."""
    confidence: float
    """Probability that the text is right, digits and signs, 0..1. Without a line recogniser it is the product of the
    probabilities of the digits, and of the probabilities that the ink left out in its line is not a digit."""
    digits: tuple[Digit, ...]
    """The digits, from left to right."""
    alternatives: tuple[Alternative, ...] = ()
    """Other texts, the most probable one first; only a line recogniser finds any."""
    value: Decimal | None = None
    """Value of the number, such as 13254.00 for "13.254,00"; None if it is not certain which value is meant."""
    value_note: str = SIGNS_NOT_READ
    """Why there is no value, such as "ambiguous: 1234 or 1.234"; empty if there is one."""
    cut_by_edge: bool = False
    """Whether the edge of the picture may cut the number: digits of it may be outside."""
    undecided: tuple[Digit, ...] = ()
    """Ink in the line of the number that may be a digit and was not read, each with its most probable label."""

    @property
    def digits_text(self) -> str:
        """The digits without signs, "0" to "9" each."""
        return "".join(str(digit.digit) for digit in self.digits)

    @property
    def digits_confidence(self) -> float:
        """Probability that the digits are right, whatever the signs are, 0..1."""
        same = (other.probability for other in self.alternatives if digits_of(other.text) == self.digits_text)
        return min(1.0, self.confidence + sum(same))

    @property
    def signs_read(self) -> bool:
        """Whether a line recogniser read the number, with its signs."""
        return self.value_note != SIGNS_NOT_READ

    @property
    def shown_text(self) -> str:
        """The text for people, with a `?` at each undecided place."""
        places = [bisect([d.box.centre[0] for d in self.digits], one.box.centre[0]) for one in self.undecided]
        marked, read = "", 0
        for character in self.text:
            if character.isdigit():
                marked += "?" * places.count(read)
                read += 1
            marked += character
        return marked + "?" * places.count(len(self.digits))


def group_lines(digits: Sequence[Digit]) -> tuple[Reading, ...]:
    """Return the readings of a page in reading order: lines from top to bottom, numbers from left to right.

    A line is extended digit by digit, so it may slope.
    """
    lines: list[list[Digit]] = []
    ends: list[_End] = []
    for digit in sorted(digits, key=lambda d: d.box.x):
        number = _continued_line(digit, ends)
        if number is None:
            lines.append([digit])
            ends.append(_end(lines[-1]))
        else:
            lines[number].append(digit)
            ends[number] = _end(lines[number])
    parts = (part for line in _in_order(lines) for part in split_date(_without_small(line)))
    return tuple(reading for part in parts for reading in _numbers(part))


class _End(NamedTuple):
    """Where a line ends, in pixels: right edge of its last digit, vertical middle and height of its last digits."""

    right: int
    middle: float
    height: float


def _end(line: Sequence[Digit]) -> _End:
    """Return where a line ends, computed from its last `END_DIGITS` digits."""
    tail = [d.box for d in line[-END_DIGITS:]]
    return _End(tail[-1].right, median([b.y + b.h / 2 for b in tail]), median([b.h for b in tail]))


def _continued_line(digit: Digit, ends: Sequence[_End]) -> int | None:
    """Return the index of the line that a digit continues best; None if it begins a new line."""
    best, best_distance = None, MAX_LINE_OFFSET_HEIGHTS
    x, y, _, h = digit.box
    for number, (right, middle, end_height) in enumerate(ends):
        height = max(end_height, h)
        distance = abs(y + h / 2 - middle) / height
        if distance < best_distance and x - right <= MAX_LINE_GAP_HEIGHTS * height:
            best, best_distance = number, distance
    return best


def _in_order(lines: Sequence[list[Digit]]) -> list[list[Digit]]:
    """Sort lines from top to bottom, and lines side by side from left to right."""
    rows: list[list[list[Digit]]] = []
    middles: list[float] = []
    for middle, line in sorted(((_middle(line), line) for line in lines), key=itemgetter(0)):
        height = median([d.box.h for d in line])
        if rows and middle - median(middles) < MAX_LINE_OFFSET_HEIGHTS * height:
            rows[-1].append(line)
            middles.append(middle)
        else:
            rows.append([line])
            middles = [middle]
    return [line for row in rows for line in sorted(row, key=lambda r: r[0].box.x)]


def _middle(line: Sequence[Digit]) -> float:
    """Return the vertical centre of a line."""
    return float(median([d.box.y + d.box.h / 2 for d in line]))


def _without_small(line: Sequence[Digit]) -> list[Digit]:
    """Return the digits of a line that are high enough."""
    height = median(d.box.h for d in line)
    return [d for d in line if d.box.h >= MIN_HEIGHT_SHARE * height]


def number_gap(digits: Sequence[Digit]) -> float:
    """Return the widest gap within a number of a line, in pixels.

    Writers leave different gaps between the digits of a number, so it follows the narrow gaps of the line.

    Args:
        digits: of one line, from left to right; at least one.
    """
    height = median(digit.box.h for digit in digits)
    gaps = sorted(digit.box.x - previous.box.right for previous, digit in pairwise(digits))
    if len(gaps) < MIN_RHYTHM_GAPS:
        return MIN_NUMBER_GAP_HEIGHTS * height
    widest = RHYTHM_FACTOR * gaps[int(RHYTHM_SHARE * (len(gaps) - 1))]
    return min(max(MIN_NUMBER_GAP_HEIGHTS * height, widest), MAX_NUMBER_GAP_HEIGHTS * height)


def _numbers(line: Sequence[Digit]) -> list[Reading]:
    """Split a line into readings at its wide gaps."""
    max_gap = number_gap(line)
    groups: list[list[Digit]] = [[line[0]]]
    for previous, digit in pairwise(line):
        if digit.box.x - previous.box.right > max_gap:
            groups.append([])
        groups[-1].append(digit)
    return [
        Reading(
            "".join(str(d.digit) for d in group),
            union(d.box for d in group),
            prod(d.probability for d in group),
            tuple(group),
        )
        for group in groups
    ]
