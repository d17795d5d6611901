"""Dates: the slashes between day, month and year look like the digit 1, and are recognised as separators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from agent.vision.digits import Digit

_DAY, _MONTH = r"(0[1-9]|[12]\d|3[01])", r"(0[1-9]|1[0-2])"
_LONG_YEAR, _SHORT_YEAR = r"((?:19|20)\d\d)", r"(\d\d)"


def _orders(year: str) -> tuple[tuple[str, str, str], ...]:
    """Return the orders of day, month and year: European, American and ISO."""
    return (_DAY, _MONTH, year), (_MONTH, _DAY, year), (year, _MONTH, _DAY)


LONG_DATES = tuple(re.compile(f"{a}(1?){b}(1?){c}") for a, b, c in _orders(_LONG_YEAR))
"""Patterns of dates with a year of four digits. At least one slash was read as 1; the other one may be missing. One of
13,000 other numbers has this form."""
SHORT_DATES = tuple(re.compile(f"{a}(1){b}(1){c}") for a, b, c in _orders(_SHORT_YEAR))
"""Patterns of dates with a year of two digits. Both slashes were read as 1. One of 2,700 other numbers with eight
digits has this form, so the slashes of a date must lean (`MAX_UPRIGHT_ASPECT`)."""
MIN_SLASH_HEIGHT_SHARE = 0.6
"""A slash is at least this high, as a share of the median height of the digits. Raising it recognises fewer dates.
Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MAX_SLASH_ASPECT = 0.9
"""A slash is at most this wide, as a share of its own height. Raising it takes wider marks for slashes. Chosen by trial
on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MAX_UPRIGHT_ASPECT = 0.28
"""A mark no wider than this share of its height is upright, as the digit 1 is; most slashes are wider. Raising it
recognises fewer short dates. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no
effect at ±20 %."""


def split_date(line: Sequence[Digit]) -> list[Sequence[Digit]]:
    """Return day, month and year if the line is a date, without the slashes. Otherwise return the line unchanged."""
    text = "".join(str(digit.digit) for digit in line)
    for match in filter(None, (date.fullmatch(text) for date in (*LONG_DATES, *SHORT_DATES))):
        parts = [line[slice(*match.span(group))] for group in (1, 3, 5)]
        slashes = [line[match.start(group)] for group in (2, 4) if match[group]]
        digit_px = median(digit.box.h for part in parts for digit in part)
        is_date = match.re in LONG_DATES or all(slash.box.w > MAX_UPRIGHT_ASPECT * slash.box.h for slash in slashes)
        if slashes and is_date and all(_may_be_slash(slash, digit_px) for slash in slashes):
            return parts
    return [line]


def _may_be_slash(slash: Digit, digit_px: float) -> bool:
    """Return whether a digit 1 has the shape of a slash."""
    return slash.box.h >= MIN_SLASH_HEIGHT_SHARE * digit_px and slash.box.w <= MAX_SLASH_ASPECT * slash.box.h
