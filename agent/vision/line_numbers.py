"""The numbers of a line whose string is known: where each character stands, and where one number ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from agent.vision.box import Box
from agent.vision.coordinates import centre_in_picture, in_picture
from agent.vision.digits import Digit
from agent.vision.line_text import LETTERS, STEP_PX
from agent.vision.lines import number_gap
from agent.vision.recognised_line import MIN_SHOWN, PlacedText, Proposal, RecognisedLine, covers

NEW_DIGIT_ASPECT = 0.6
"""Width of the box of a digit that only the line recogniser sees, as a share of its height. Raising it makes the box
wider. A guess that was never measured."""
SIGN_GAP_FACTOR = 1.8
"""The middle of a sign may be this many times as far from the digits beside it as two digits of a number are from each
other. Raising it joins numbers beside a sign. Chosen by trial on numbers of writers that training uses."""
OPENING_SIGNS = "-+$("
"""Signs that stand before a number."""


class PlacedCharacter(NamedTuple):
    """A character of a line."""

    character: str
    x: float
    """x of its middle, in pixels of the picture."""
    digit: Digit | None = None
    """The digit, if it is one."""


def place_texts(line: RecognisedLine, proposal: Proposal, size: tuple[int, int]) -> list[list[PlacedCharacter]]:
    """Return the characters of each text of a proposal with their places.

    Args:
        line: the line.
        proposal: of this line.
        size: width and height of the picture.
    """
    own = proposal.digits_text == line.segmented
    digits = line.digits if own else tuple(_new_digits(line, proposal.texts[0], size))
    return [_place(line, text, digits, size) for text in proposal.texts]


def _place(
    line: RecognisedLine, text: PlacedText, digits: Sequence[Digit], size: tuple[int, int]
) -> list[PlacedCharacter]:
    remaining = iter(digits)
    characters = []
    for character, x in zip(text.text, text.positions, strict=True):
        if character.isdigit():
            digit = next(remaining)
            characters.append(PlacedCharacter(character, digit.box.centre[0], digit))
        else:
            characters.append(PlacedCharacter(character, _usual_box(line, x, size).centre[0]))
    return characters


def _new_digits(line: RecognisedLine, text: PlacedText, size: tuple[int, int]) -> Iterator[Digit]:
    """Yield the digits of a text if they are not those of the segmentation."""
    own_spans = line.digit_spans
    unused = 0
    for character, x in zip(text.text, text.positions, strict=True):
        if character.isdigit():
            own = next((i for i in range(unused, len(line.digits)) if covers(own_spans[i], [x])), None)
            unused = unused if own is None else own + 1
            yield _digit_at(line, own, x, int(character), size)


def _digit_at(line: RecognisedLine, own: int | None, x: float, label: int, size: tuple[int, int]) -> Digit:
    """Return a digit of the line recogniser: at the place of the segmentation's digit, of a candidate, or alone."""
    if own is not None and line.digits[own].digit == label:
        return line.digits[own]
    log_probs = line.log_probs[0]
    probability = float(np.exp(log_probs[min(len(log_probs) - 1, int(x / STEP_PX)), label]))
    if own is not None:
        return Digit(label, probability, line.digits[own].box)
    ink = line.masks[0].ink
    shown = [
        (float(probabilities[label]), candidate)
        for candidate, probabilities in line.candidates
        if probabilities[label] > MIN_SHOWN and covers(line.spans([candidate.box])[0], [x])
    ]
    if shown:
        return Digit(label, probability, in_picture(max(shown, key=lambda pair: pair[0])[1], ink, *size))
    return Digit(label, probability, _usual_box(line, x, size))


def _usual_box(line: RecognisedLine, x: float, size: tuple[int, int]) -> Box:
    """Return a box of the usual size of a digit around an x of the strip, in pixels of the picture."""
    middle_x = line.strip.to_working(x)
    w, h = NEW_DIGIT_ASPECT * line.height, line.height
    top = line.strip.middle + line.strip.slope * middle_x - h / 2
    box = Box(round(middle_x - w / 2), round(top), max(1, round(w)), max(1, round(h)))
    return centre_in_picture(box, line.masks[0].ink, *size)


def split_numbers(characters: Sequence[PlacedCharacter]) -> list[tuple[str, tuple[Digit, ...]]]:
    """Split the characters of a line at letters and at wide gaps; returns the text and the digits of each number."""
    line = [one.digit for one in characters if one.digit is not None]
    max_gap = number_gap(line) if line else 0.0
    numbers: list[tuple[str, list[Digit]]] = []
    signs: list[PlacedCharacter] = []
    ended = True
    for one in characters:
        if one.character == LETTERS:
            numbers, signs, ended = _closed(numbers, _text(signs)), [], True
        elif one.digit is None:
            signs.append(one)
        else:
            if ended or _is_apart(numbers[-1][1][-1].box, signs, one.digit.box, max_gap):
                text = _text(signs)
                before = text.lstrip("".join(set(text) - set(OPENING_SIGNS)))
                numbers = _closed(numbers, text.removesuffix(before)) if not ended else numbers
                numbers.append((before + one.character, [one.digit]))
            else:
                text, digits = numbers[-1]
                numbers[-1] = (text + _text(signs) + one.character, [*digits, one.digit])
            signs, ended = [], False
    if not ended:
        numbers = _closed(numbers, _text(signs))
    return [(text, tuple(digits)) for text, digits in numbers]


def _is_apart(left: Box, signs: Sequence[PlacedCharacter], right: Box, max_gap: float) -> bool:
    """Return whether two digits, with signs between them, belong to different numbers."""
    if not signs:
        return right.x - left.right > max_gap
    return max(signs[0].x - left.right, right.x - signs[-1].x) > SIGN_GAP_FACTOR * max_gap


def _text(characters: Sequence[PlacedCharacter]) -> str:
    return "".join(one.character for one in characters)


def _closed(numbers: list[tuple[str, list[Digit]]], signs: str) -> list[tuple[str, list[Digit]]]:
    """Return the numbers with signs behind the last one."""
    if not numbers or not signs:
        return numbers
    text, digits = numbers[-1]
    return [*numbers[:-1], (text + signs, digits)]
