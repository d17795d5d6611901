"""The strings that a field may have, from the readings in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from agent.forms.form import Field
from agent.forms.montage import Slot
from agent.vision.lines import Reading
from agent.vision.value import SIGNS_NOT_READ

MAX_TEXTS = 40
"""Largest number of strings of a field. Raising it lets rules decide between less probable ones, in more time."""
MAX_UNDECIDED = 3
"""Largest number of undecided digits of a number that may be added. Each one doubles the number of strings."""
EMPTY_PROBABILITY = 0.97
"""Probability that a field without ink is empty: an estimate, because nothing was read that could have a confidence."""
UNREAD_PROBABILITY = 0.3
"""Probability that a field with ink, in which no digit was found, holds no digits. An estimate, low on purpose."""


@dataclass(frozen=True)
class PossibleText:
    """A string that a field may have."""

    text: str
    """The string; empty if nothing is written in the field."""
    probability: float
    signs_read: bool = True
    """Whether a point, comma or other sign in the writing would be in the text."""


def possible_texts(slots: Sequence[Slot], pages: Sequence[Sequence[Reading]]) -> tuple[tuple[PossibleText, ...], ...]:
    """Return the strings of each field, the most probable one first.

    Args:
        slots: the fields on the pages of a montage.
        pages: the readings of each page.
    """
    return tuple(_texts(slot, pages[slot.page]) for slot in slots)


def _texts(slot: Slot, readings: Sequence[Reading]) -> tuple[PossibleText, ...]:
    inside = sorted((one for one in readings if _is_inside(one, slot)), key=lambda one: one.box.x)
    if not inside:
        return (PossibleText("", UNREAD_PROBABILITY if slot.has_ink else EMPTY_PROBABILITY),)
    signs_read = all(reading.value_note != SIGNS_NOT_READ for reading in inside)
    sums: Mapping[str, float] = {}
    for parts in product(*map(_choices, inside)):
        text = _without_signs(slot.field, "".join(text for text, _ in parts))
        sums = {**sums, text: sums.get(text, 0.0) + prod(probability for _, probability in parts)}
    ranked = sorted(sums.items(), key=lambda item: -item[1])[:MAX_TEXTS]
    return tuple(PossibleText(text, min(1.0, probability), signs_read) for text, probability in ranked)


def _without_signs(field: Field, text: str) -> str:
    """Return a text without signs that cannot stand in a field; the others stay, because they change the value.

    In a comb there are only digits, unless a decimal sign is written by hand. In a number there is no dash or bracket
    between digits: it is a part of a digit.
    """
    if field.comb and (field.printed_point or not field.decimals):
        return re.sub(r"\D", "", text)
    return re.sub(r"(?<=\d)[-()](?=\d)", "", text) if field.kind == "number" else text


def _choices(reading: Reading) -> list[tuple[str, float]]:
    """Return the texts of a number: its own, its alternatives, and without these the texts with undecided digits."""
    if reading.alternatives:
        return [(reading.text, reading.confidence), *((one.text, one.probability) for one in reading.alternatives)]
    choices = [(list(reading.digits), reading.confidence)]
    for digit in reading.undecided[:MAX_UNDECIDED]:
        odds = digit.probability / max(1e-3, 1 - digit.probability)
        choices += [([*digits, digit], probability * odds) for digits, probability in choices]
    in_order = [(sorted(digits, key=lambda one: one.box.centre[0]), probability) for digits, probability in choices]
    texts = [("".join(str(digit.digit) for digit in digits), probability) for digits, probability in in_order]
    return [(reading.text, reading.confidence), *texts[1:]]


def _is_inside(reading: Reading, slot: Slot) -> bool:
    x, y = reading.box.centre
    return slot.box.x <= x < slot.box.right and slot.box.y <= y < slot.box.bottom
