from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from agent.forms.form import Area, Field
from agent.forms.values import check

AREA = Area(0, 0, 10, 5)


@pytest.mark.parametrize(
    ("rules", "text", "value"),
    [
        ({}, "42", Decimal(42)),
        ({}, "1.234", Decimal(1234)),
        ({}, "-42", Decimal(-42)),
        ({"may_be_empty": True}, "", None),
        ({"decimals": 2}, "1.234,50", Decimal("1234.50")),
        ({"decimals": 2}, "12.50", Decimal("12.50")),
        ({"decimals": 2, "printed_point": True}, "1250", Decimal("12.50")),
        ({"leading_zeros": True}, "0042", Decimal(42)),
        ({"kind": "code"}, "0042", "0042"),
        ({"kind": "code", "check": "luhn"}, "79927398713", "79927398713"),
        ({"kind": "code", "check": "iban-de"}, "89370400440532013000", "89370400440532013000"),
        ({"kind": "code", "check": "ean"}, "4006381333931", "4006381333931"),
        ({"kind": "date"}, "27/11/26", date(2026, 11, 27)),
        ({"kind": "date"}, "27112026", date(2026, 11, 27)),
        ({"kind": "time"}, "9:05", time(9, 5)),
        ({"kind": "time"}, "1730", time(17, 30)),
    ],
)
def test_a_text_that_fits_has_a_value(rules: dict[str, Any], text: str, value: object) -> None:
    checked = check(Field("f", AREA, max_digits=20, **rules), text, signs_read=True)
    assert (checked.value, checked.broken) == (value, "")


@pytest.mark.parametrize(
    ("rules", "text", "broken"),
    [
        ({}, "", "must not be empty"),
        ({"min_digits": 4, "max_digits": 4}, "123", "3 digits instead of 4"),
        ({"min_digits": 1, "max_digits": 2}, "123", "3 digits instead of 1 to 2"),
        ({"minimum": Decimal(10)}, "9", "less than 10"),
        ({"maximum": Decimal(500)}, "501", "more than 500"),
        ({"pattern": "[0-9]{2}7"}, "128", "does not match [0-9]{2}7"),
        ({}, "0042", "zeros before the number"),
        ({}, "3.5", "no whole number"),
        ({"decimals": 2}, "12.5", "not 2 decimals"),
        ({"decimals": 2, "printed_point": True}, "1.50", "a sign beside the printed point"),
        ({"kind": "code"}, "12-4", "a sign in a code"),
        ({"kind": "code", "check": "luhn"}, "79927398714", "wrong check digit (luhn)"),
        ({"kind": "code", "max_digits": 20, "check": "iban-de"}, "89370400440532013001", "wrong check digit (iban-de)"),
        ({"kind": "date"}, "31/02/26", "no date"),
        ({"kind": "time"}, "25:10", "no time"),
    ],
)
def test_a_text_that_breaks_a_rule_has_no_value(rules: dict[str, Any], text: str, broken: str) -> None:
    checked = check(Field("f", AREA, **{"max_digits": 20, **rules}), text, signs_read=True)
    assert (checked.value, checked.broken) == (None, broken)


def test_decimals_are_not_guessed_if_signs_are_not_read() -> None:
    field = Field("f", AREA, decimals=2)
    assert check(field, "1250", signs_read=False).broken == "the decimal sign was not read"
