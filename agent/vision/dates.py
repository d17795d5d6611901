"""Dates: the strokes that part day, month and year are no ones, though they have the very shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from agent.vision.digits import Digit

_DAY, _MONTH, _YEAR = r"(0[1-9]|[12]\d|3[01])", r"(0[1-9]|1[0-2])", r"((?:19|20)?\d\d)"
DATES = tuple(
    re.compile("1".join(parts)) for parts in ((_DAY, _MONTH, _YEAR), (_MONTH, _DAY, _YEAR), (_YEAR, _MONTH, _DAY))
)
"""As they are read. Of a thousand numbers of eight digits one looks like a date by chance; its ones seldom are high."""
HIGHER = 1.05
"""A stroke that parts is at least so many times higher than the digits usually are."""


def parted(line: Sequence[Digit]) -> list[Sequence[Digit]]:
    """Day, month and year of a line that is a date, without the strokes between them; else the line as it is."""
    text = "".join(str(digit.digit) for digit in line)
    for match in filter(None, (date.fullmatch(text) for date in DATES)):
        parts = [line[slice(*match.span(group))] for group in (1, 2, 3)]
        strokes = line[match.end(1)], line[match.end(2)]
        usual = median(digit.box.h for part in parts for digit in part)
        if min(stroke.box.h for stroke in strokes) >= HIGHER * usual:
            return parts
    return [line]
