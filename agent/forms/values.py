"""The rules of one field: which value a text has there, and which rule it breaks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from agent.forms.check_digit import load_check
from agent.forms.form import Field
from agent.vision.value import find_value

DATE_PATTERN = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})|(\d{2})(\d{2})(\d{4}|\d{2})")
TIME_PATTERN = re.compile(r"(\d{1,2})[:.](\d{2})|(\d{2})(\d{2})")
CENTURY = 2000
"""What is added to a year of two digits."""


@dataclass(frozen=True)
class Checked:
    """A text as the value of a field."""

    value: Decimal | date | time | str | None
    """None if the field is empty or a rule is broken."""
    broken: str = ""
    """The rule that the text breaks, in words; empty if it fits."""

    @property
    def number(self) -> Decimal | None:
        """The value for rules between fields: days are counted, times are in minutes, codes are their digits."""
        match self.value:
            case date():
                return Decimal(self.value.toordinal())
            case time():
                return Decimal(60 * self.value.hour + self.value.minute)
            case str():
                return Decimal(self.value)
        return self.value


def check(field: Field, text: str, *, signs_read: bool) -> Checked:
    """Return the value of a text in a field, and the first rule that the text breaks.

    Args:
        field: the field.
        text: what was read; empty if nothing was.
        signs_read: whether a point, comma or other sign in the writing would be in the text.
    """
    if not text:
        return Checked(None, "" if field.may_be_empty else "must not be empty")
    digits = re.sub(r"\D", "", text)
    if broken := _broken_shape(field, text, digits):
        return Checked(None, broken)
    checked = _value(field, text, digits, signs_read=signs_read)
    return Checked(None, broken) if (broken := checked.broken or _broken_limit(field, checked.number)) else checked


def _broken_shape(field: Field, text: str, digits: str) -> str:
    """Return the rule on digits and signs that a text breaks, or an empty text."""
    if not field.min_digits <= len(digits) <= field.max_digits:
        return f"{len(digits)} digits instead of {_range(field.min_digits, field.max_digits)}"
    if field.pattern and not re.fullmatch(field.pattern, text):
        return f"does not match {field.pattern}"
    return f"wrong check digit ({field.check})" if field.check and not load_check(field.check)(digits) else ""


def _broken_limit(field: Field, number: Decimal | None) -> str:
    if number is not None and field.minimum is not None and number < field.minimum:
        return f"less than {field.minimum}"
    if number is not None and field.maximum is not None and number > field.maximum:
        return f"more than {field.maximum}"
    return ""


def _value(field: Field, text: str, digits: str, *, signs_read: bool) -> Checked:
    match field.kind:
        case "code":
            return Checked(digits) if digits == text else Checked(None, "a sign in a code")
        case "date":
            return _checked(_date(text), "no date")
        case "time":
            return _checked(_time(text), "no time")
        case "number" if not field.leading_zeros and re.match(r"\D?0\d", text):
            return Checked(None, "zeros before the number")
        case "number" if field.decimals:
            return _decimal_number(field, text, digits, signs_read=signs_read)
        case "number":
            return _checked(_whole_number(text), "no whole number")


def _checked(value: Decimal | date | time | None, broken: str) -> Checked:
    return Checked(None, broken) if value is None else Checked(value)


def _whole_number(text: str) -> Decimal | None:
    """Parse a whole number: digits, perhaps with a sign and with marks between thousands. None if it is not one."""
    if text.isdigit():
        return Decimal(text)
    values = (find_value(text, decimal_comma=comma).number for comma in (False, True))
    return next((value for value in values if value is not None and value == value.to_integral_value()), None)


def _decimal_number(field: Field, text: str, digits: str, *, signs_read: bool) -> Checked:
    if field.printed_point:
        value = Decimal(digits).scaleb(-field.decimals) if text == digits else None
        return _checked(value, "a sign beside the printed point")
    if not signs_read:
        return Checked(None, "the decimal sign was not read")
    found = re.fullmatch(rf"([-+]?[\d.,']*\d)[.,](\d{{{field.decimals}}})", text)
    whole = _whole_number(found[1]) if found else None
    return (
        Checked(None, f"not {field.decimals} decimals")
        if found is None or whole is None
        else Checked(Decimal(f"{whole}.{found[2]}"))
    )


def _date(text: str) -> date | None:
    found = DATE_PATTERN.fullmatch(text)
    if found is None:
        return None
    day, month, year = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year if year > 99 else CENTURY + year, month, day)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    found = TIME_PATTERN.fullmatch(text)
    if found is None:
        return None
    hour, minute = (int(part) for part in found.groups() if part is not None)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"
