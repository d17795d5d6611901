from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from agent.vision.line_text import SIGNS
from agent.vision.value import find_value

SEED = 18


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("062267", "62267"),
        ("-42", "-42"),
        ("+42", "42"),
        ("3.14", "3.14"),
        ("3,14", "3.14"),
        ("0.234", "0.234"),
        ("1234.567", "1234.567"),
        ("13.254,00", "13254.00"),
        ("13,254.00", "13254.00"),
        ("1.234.567", "1234567"),
        ("1'234", "1234"),
        ("1'234.567", "1234.567"),
        ("1'234'567,8", "1234567.8"),
        ("12.", "12"),
        (".5", "0.5"),
        ("$50", "50"),
        ("50$", "50"),
        ("-$50", "-50"),
        ("$-50", "-50"),
        ("12,5%", "12.5"),
        ("15.000.-", "15000"),
        ("15000,--", "15000"),
        ("$1'250.-", "1250"),
    ],
)
def test_the_value_of_a_number_that_is_clear(text: str, number: str) -> None:
    found = find_value(text)
    assert (str(found.number), found.note) == (number, "")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("1.234", "ambiguous: 1234 or 1.234"),
        ("-2,500", "ambiguous: 2500 or 2.500"),
        ("15-", "the dash at the end may be a minus"),
        ("27/11/26", "not one number"),
        ("27.11.26", "not one number"),
        ("27-11-26", "not one number"),
        ("15:57", "not one number"),
        ("8/4", "not one number"),
        ("0664-123-45", "not one number"),
        ("(42)", "not one number"),
        ("1.23.456", "not one number"),
        ("1'23", "not one number"),
        ("01.234.567", "not one number"),
        ("1.234,", "ambiguous: 1234 or 1.234"),
        ("12.5.-", "not one number"),
        ("-+4", "not one number"),
        ("$4$", "not one number"),
        ("4%5", "not one number"),
        ("4?2", "not one number"),
        ("-", "not one number"),
        ("", "not one number"),
        ("٣", "not one number"),
    ],
)
def test_a_value_that_is_unknown(text: str, note: str) -> None:
    assert find_value(text) == (None, note)


@pytest.mark.parametrize(
    ("text", "with_comma", "with_point"),
    [
        ("1.234", "1234", "1.234"),
        ("1,234", "1.234", "1234"),
        ("-2.500", "-2500", "-2.500"),
        ("13.254,00", "13254.00", None),
        ("1.234.567", "1234567", None),
        ("12.34", None, "12.34"),
        ("1'234", "1234", "1234"),
        ("42", "42", "42"),
    ],
)
def test_a_known_decimal_sign_decides(text: str, with_comma: str | None, with_point: str | None) -> None:
    found = [find_value(text, decimal_comma=comma).number for comma in (True, False)]
    assert [None if number is None else str(number) for number in found] == [with_comma, with_point]


def test_a_number_that_is_formatted_has_its_own_value() -> None:
    rng = np.random.default_rng(SEED)
    for _ in range(500):
        number = Decimal(int(rng.integers(-(10**9), 10**9))).scaleb(-int(rng.integers(0, 4)))
        text = f"{number:,}"
        assert find_value(text, decimal_comma=False).number == number
        assert find_value(text.translate(str.maketrans(".,", ",.")), decimal_comma=True).number == number
        assert find_value(text.replace(",", "'")).number in (number, None)


def test_a_value_has_the_digits_of_its_text_and_an_ambiguous_one_has_two_values() -> None:
    rng = np.random.default_rng(SEED)
    for _ in range(1000):
        text = "".join(rng.choice(list("0123456789" * 2 + SIGNS), rng.integers(1, 9)))
        found = find_value(text)
        digits = "".join(character for character in text if character.isdigit())
        known = [find_value(text, decimal_comma=comma).number for comma in (True, False)]
        if found.number is not None:
            assert str(abs(found.number)).replace(".", "").strip("0") == digits.strip("0")
            assert set(known) <= {found.number, None}
        elif found.note.startswith("ambiguous"):
            assert None not in known
            assert known[0] != known[1]
        else:
            assert found.note
            assert known == [None, None]
