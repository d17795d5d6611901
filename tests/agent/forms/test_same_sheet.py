from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.forms.demo import fill_in
from agent.forms.locate import FormFinder
from agent.forms.read_form import cut_fields
from agent.forms.same_sheet import SheetLook, SheetMemory, look_at_sheet
from tests.agent.forms.sheets import FILLED, delivery_note, filled_in, photograph

FORM = delivery_note()
FINDER = FormFinder(FORM)


def look(picture: NDArray[np.uint8]) -> SheetLook:
    return look_at_sheet(FORM.name, cut_fields(picture, FINDER, FINDER.find(picture)))


@pytest.mark.parametrize(
    "view", [{"angle_deg": 173}, {"tilt_deg": 30, "towards_deg": 70}, {"size": (800, 600)}], ids=str
)
def test_a_sheet_is_known_again_from_another_side(view: dict[str, Any]) -> None:
    sheet = filled_in(FORM, FILLED)
    assert look(photograph(sheet)).is_same_sheet(look(photograph(sheet, **view)))


def test_a_sheet_is_known_again_with_a_hand_on_it() -> None:
    picture = photograph(filled_in(FORM, FILLED))
    held = picture.copy()
    held[350:550, 500:800] = (110, 150, 205)
    assert look(picture).is_same_sheet(look(held))


def test_equal_values_written_again_are_another_sheet() -> None:
    one, other = (look(photograph(filled_in(FORM, FILLED, seed))) for seed in (3, 4))
    assert not one.is_same_sheet(other)


def test_two_demo_sheets_and_two_forms_are_never_the_same() -> None:
    one, other = (look(photograph(fill_in(np.random.default_rng(seed), FORM))) for seed in (0, 1))
    assert not one.is_same_sheet(other)
    assert not one.is_same_sheet(SheetLook("another form", one.inks))


def test_a_blank_sheet_is_blank_and_the_same_as_none() -> None:
    blank = look(photograph(filled_in(FORM, {})))
    assert blank.is_blank
    assert not blank.is_same_sheet(blank)


def test_a_sheet_is_forgotten_after_a_time_out_of_view() -> None:
    sheet, memory = look(photograph(filled_in(FORM, FILLED))), SheetMemory(keep_s=60)
    assert not memory.knows(sheet, 0)
    memory.add(sheet, 0)
    assert memory.knows(sheet, 59)
    assert memory.knows(sheet, 118)
    assert not memory.knows(sheet, 179)
