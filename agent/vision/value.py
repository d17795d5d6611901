"""The value of a number as it is written: "13.254,00" is 13254.00, and "1.234" may be 1234 or 1.234.

A text has a value if it is one number: digits with a decimal sign and marks between thousands, after a sign or not,
with a currency or per cent sign or not. Dates, times, fractions, telephone numbers and brackets have none.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

POINT, COMMA = ".", ","
GROUP_SIGNS = ".,'"
"""Signs that may separate thousands."""
AMBIGUOUS = "ambiguous: "
"""Beginning of the note for a text with two possible values."""
NOT_A_NUMBER = "not one number"
SIGNS_NOT_READ = "signs were not read: only a line recogniser reads them"
"""Note of a reading whose digits are known, but not what stands between them."""
_NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?P<before>\$?)(?P<second_sign>[-+]?)"
    r"(?P<digits>[0-9.,']*[0-9])(?P<end>[.,]?)(?P<dashes>-{0,2})(?P<after>[$%]?)"
)


class Value(NamedTuple):
    """The value of a text."""

    number: Decimal | None
    """The number; None if it is not certain which number is meant."""
    note: str = ""
    """Why there is no number; empty if there is one."""


def find_value(text: str, *, decimal_comma: bool | None = None) -> Value:
    """Return the value of a number as it is written.

    A per cent sign and a currency sign do not change the value: "50%" and "$50" are 50. A point or comma after the last
    digit does not count. Dashes for "no cents", as in "15.000.-", belong to a whole number.

    Args:
        text: the digits with their signs.
        decimal_comma: True if a comma stands before the decimals and a point between thousands, False if it is the
            other way round, None if this is not known. An apostrophe always stands between thousands.
    """
    parts = _NUMBER.fullmatch(text)
    if parts is None:
        return Value(None, NOT_A_NUMBER)
    digits, dashes = parts["digits"], parts["dashes"]
    if dashes and not parts["end"]:
        return Value(None, "the dash at the end may be a minus")
    if (parts["sign"] and parts["second_sign"]) or (parts["before"] and parts["after"]):
        return Value(None, NOT_A_NUMBER)
    decimal_signs = (POINT, COMMA) if decimal_comma is None else (COMMA if decimal_comma else POINT,)
    number_of = _whole_number if dashes else _decimal_number
    found = {number_of(digits, sign) for sign in decimal_signs}
    numbers = sorted(number for number in found if number is not None)
    if not numbers:
        return Value(None, NOT_A_NUMBER)
    if len(numbers) > 1:
        return Value(None, f"{AMBIGUOUS}{' or '.join(map(str, reversed(numbers)))}")
    return Value(numbers[0].copy_negate() if "-" in parts["sign"] + parts["second_sign"] else numbers[0])


def _decimal_number(digits: str, decimal_sign: str) -> Decimal | None:
    """Return the number of a text with a sign before the decimals; None if the text is not written correctly."""
    before, sign, decimals = digits.partition(decimal_sign)
    whole = _whole_number(before or "0", decimal_sign)
    if whole is None or not sign:
        return whole
    return Decimal(f"{whole}.{decimals}") if re.fullmatch("[0-9]+", decimals) else None


def _whole_number(digits: str, decimal_sign: str) -> Decimal | None:
    """Return a number without decimals; its thousands may be marked by any sign but the decimal one."""
    for sign in GROUP_SIGNS.replace(decimal_sign, ""):
        if re.fullmatch(rf"[1-9][0-9]{{0,2}}(\{sign}[0-9]{{3}})+", digits):
            return Decimal(digits.replace(sign, ""))
    return Decimal(digits) if re.fullmatch("[0-9]+", digits) else None
