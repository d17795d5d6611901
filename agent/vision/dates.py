"""Dates: the strokes that part day, month and year are no ones, though they have the very shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from agent.vision.digits import Digit

_DAY, _MONTH = r"(0[1-9]|[12]\d|3[01])", r"(0[1-9]|1[0-2])"
_LONG_YEAR, _SHORT_YEAR = r"((?:19|20)\d\d)", r"(\d\d)"


def _orders(year: str) -> tuple[tuple[str, str, str], ...]:
    return (_DAY, _MONTH, year), (_MONTH, _DAY, year), (year, _MONTH, _DAY)


LONG_DATES = tuple(re.compile(f"{a}(1?){b}(1?){c}") for a, b, c in _orders(_LONG_YEAR))
"""As they are read, one stroke at least, the other at most overlooked: of 13,000 other numbers one has this form."""
SHORT_DATES = tuple(re.compile(f"{a}(1){b}(1){c}") for a, b, c in _orders(_SHORT_YEAR))
"""Both strokes read: of 2,700 other numbers of eight digits one has this form, so its ones must look like strokes."""
LOWEST, WIDEST = 0.6, 0.9
"""A stroke is at least so high as a share of the digits' usual height, and at most so wide as a share of its own."""
UPRIGHT = 0.28
"""What is no wider than this share of its height stands upright, as ones do and strokes seldom."""


def parted(line: Sequence[Digit]) -> list[Sequence[Digit]]:
    """Day, month and year of a line that is a date, without the strokes between them; else the line as it is."""
    text = "".join(str(digit.digit) for digit in line)
    for match in filter(None, (date.fullmatch(text) for date in (*LONG_DATES, *SHORT_DATES))):
        parts = [line[slice(*match.span(group))] for group in (1, 3, 5)]
        strokes = [line[match.start(group)] for group in (2, 4) if match[group]]
        usual = median(digit.box.h for part in parts for digit in part)
        sure = match.re in LONG_DATES or all(stroke.box.w > UPRIGHT * stroke.box.h for stroke in strokes)
        if strokes and sure and all(_may_part(stroke, usual) for stroke in strokes):
            return parts
    return [line]


def _may_part(stroke: Digit, usual_px: float) -> bool:
    return stroke.box.h >= LOWEST * usual_px and stroke.box.w <= WIDEST * stroke.box.h
