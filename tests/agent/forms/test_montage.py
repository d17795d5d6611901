from __future__ import annotations

import numpy as np

from agent.forms.locate import FormFinder
from agent.forms.montage import MAX_GAP_HEIGHTS, Montage, Slot
from agent.forms.read_form import FIELD_PX, cut_fields
from tests.agent.forms.sheets import FILLED, delivery_note, filled_in, photograph


def cut(tilt_deg: float = 0) -> Montage:
    picture, finder = photograph(filled_in(delivery_note(), FILLED), tilt_deg=tilt_deg), FormFinder(delivery_note())
    return cut_fields(picture, finder, finder.find(picture))


def slot_of(montage: Montage, name: str) -> Slot:
    return next(slot for slot in montage.slots if slot.field.name == name)


def widest_gap(montage: Montage, slot: Slot) -> int:
    """Return the widest gap between the digits of a field on its page, in pixels."""
    box = slot.box
    inked = np.flatnonzero(
        (montage.pages[slot.page][box.y : box.bottom, box.x : box.right].min(axis=2) < 150).any(axis=0)
    )
    return int(np.diff(inked).max()) - 1


def test_digits_in_boxes_of_their_own_are_moved_together() -> None:
    montage = cut(tilt_deg=10)
    slot = slot_of(montage, "customer")
    assert slot.field.comb
    assert widest_gap(montage, slot) <= MAX_GAP_HEIGHTS * FIELD_PX + 1
    assert slot.box.w < slot.crop.shape[1] - 20


def test_other_fields_stay_as_they_are() -> None:
    montage = cut()
    slot = slot_of(montage, "apples")
    box = slot.box
    assert np.array_equal(montage.pages[slot.page][box.y : box.bottom, box.x : box.right], slot.crop)


def test_a_field_has_ink_only_if_something_is_written_there() -> None:
    assert {slot.field.name: slot.has_ink for slot in cut(tilt_deg=20).slots} == {
        "customer": True,
        "apples": True,
        "pears": True,
        "plums": False,
        "total": True,
    }
