from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agent.forms.form import Area, Field
from agent.forms.montage import Slot
from agent.forms.texts import possible_texts
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Alternative, Reading

CROP = np.zeros((60, 400, 3), np.uint8)
SLOT = Slot(Field("f", Area(0, 0, 1, 1)), Box(100, 100, 400, 60), page=0, has_ink=True, crop=CROP)


def reading(text: str, x: int, confidence: float = 0.8) -> Reading:
    digits = tuple(Digit(int(sign), 0.9, Box(x + 40 * place, 110, 30, 40)) for place, sign in enumerate(text))
    return Reading(text, Box(x, 110, 40 * len(text), 40), confidence, digits, value_note="")


def texts_of(*readings: Reading, slot: Slot = SLOT) -> list[tuple[str, object]]:
    (texts,) = possible_texts([slot], [readings])
    return [(one.text, pytest.approx(one.probability)) for one in texts]


def test_readings_in_a_field_are_one_text_from_left_to_right() -> None:
    outside = replace(reading("7", 600), box=Box(600, 110, 40, 40))
    assert texts_of(reading("34", 300), reading("12", 120), outside) == [("1234", 0.64)]


def test_alternatives_of_all_readings_are_combined() -> None:
    first = replace(reading("12", 120), alternatives=(Alternative("17", 0.1),))
    second = replace(reading("3", 300), alternatives=(Alternative("8", 0.2),))
    assert texts_of(first, second) == [("123", 0.64), ("128", 0.16), ("173", 0.08), ("178", 0.02)]


@pytest.mark.parametrize(
    ("field", "read", "text"),
    [
        ({"comb": True}, "17-082.025", "17082025"),
        ({"comb": True, "decimals": 2}, "17.08", "17.08"),
        ({"comb": True, "decimals": 2, "printed_point": True}, "17.08", "1708"),
        ({}, "20-2", "202"),
        ({}, "-202", "-202"),
        ({}, "3.5", "3.5"),
        ({"kind": "code"}, "20-2", "20-2"),
        ({"kind": "date"}, "27-11-26", "27-11-26"),
    ],
)
def test_a_sign_that_cannot_stand_in_a_field_is_left_out(field: dict[str, Any], read: str, text: str) -> None:
    slot = replace(SLOT, field=Field("f", Area(0, 0, 1, 1), **field))
    number = replace(reading("17", 120), text=read)
    assert texts_of(number, slot=slot) == [(text, 0.8)]


def test_an_undecided_digit_is_an_alternative() -> None:
    doubtful = replace(reading("12", 120, 0.6), undecided=(Digit(5, 0.25, Box(200, 110, 30, 40)),))
    assert texts_of(doubtful) == [("12", 0.6), ("125", 0.2)]


def test_a_field_with_ink_in_which_nothing_was_read_is_doubtful() -> None:
    ((text, with_ink),), ((_, without_ink),) = texts_of(), texts_of(slot=replace(SLOT, has_ink=False))
    assert text == ""
    assert with_ink == 0.3
    assert without_ink == 0.97
