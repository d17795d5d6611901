"""How numbers are written: which texts are a number, an amount, a date, a time, a fraction or a telephone number.

The line recogniser confuses small signs, such as a point and a comma, more often than digits. Of several texts with the
same digits, one that follows a notation is more probable than one that follows none, such as "15.581.07".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.vision.line_text import LETTERS
from agent.vision.value import NOT_A_NUMBER, find_value

NOTATION_BONUS = 2.0
"""Logarithm of how much more probable a text is if it follows a notation. Raising it trusts the line recogniser's signs
less. Chosen by trial on drawn numbers of writers that training uses."""
MAX_CHARACTER_GAP_PX = 48
"""Characters whose middles are further apart than this belong to different numbers, in pixels of the strip, in which a
digit is 22 pixels high. Raising it takes neighbours for one number. A guess that was never measured."""
_OTHER_NOTATIONS = re.compile(
    r"""
    \d{1,4}/\d{1,4}  # fraction
    | \d{1,2}(?P<sign>[-/.])\d{1,2}(?P=sign)(\d\d|\d{4})  # date
    | \d{4}(?P<iso_sign>[-/.])\d{1,2}(?P=iso_sign)\d{1,2}  # date, the year first
    | \d{1,2}:\d\d(:\d\d)?  # time
    | \+?(\d{1,5}-)?(\(\d{1,5}\)-?)?\d{2,6}(-\d{2,6})*  # telephone number
    | \(\d+\)
    """,
    re.VERBOSE,
)


def follows_notation(text: str) -> bool:
    """Return whether a text without letters is one number in a usual notation."""
    return bool(_OTHER_NOTATIONS.fullmatch(text)) or find_value(text).note != NOT_A_NUMBER


def notation_bonus(text: str, positions: Sequence[float]) -> float:
    """Return what is added to the logarithm of the probability of the text of a line.

    Args:
        text: characters of the line recogniser.
        positions: x of each character, in pixels of the strip.
    """
    numbers = [number for number in _split(text, positions) if any(character.isdigit() for character in number)]
    return NOTATION_BONUS * all(map(follows_notation, numbers))


def _split(text: str, positions: Sequence[float]) -> list[str]:
    """Split a text at letters and at wide gaps."""
    numbers = [""]
    for index, character in enumerate(text):
        if character == LETTERS or (index and positions[index] - positions[index - 1] > MAX_CHARACTER_GAP_PX):
            numbers.append("")
        numbers[-1] += "" if character == LETTERS else character
    return numbers
