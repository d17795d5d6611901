"""The numbers of a line whose string is known: where each character stands, and where one number ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.vision.box import Box
from agent.vision.coordinates import centre_in_picture, in_picture
from agent.vision.digits import Digit
from agent.vision.line_text import LETTERS, STEP_PX
from agent.vision.lines import number_gap
from agent.vision.recognised_line import MIN_SHOWN, Proposal, RecognisedLine, covers

NEW_DIGIT_ASPECT = 0.6
"""Width of the box of a digit that only the line recogniser sees, as a share of its height. Raising it makes the box
wider. A guess that was never measured."""
SIGN_GAP_FACTOR = 2
"""The gap within a number may be this many times as wide where a sign stands in it. Raising it joins numbers beside a
sign. A guess that was never measured."""
OPENING_SIGNS = "-+$("
"""Signs that stand before a number."""


def place_characters(line: RecognisedLine, best: Proposal, size: tuple[int, int]) -> list[tuple[str, Digit | None]]:
    """Return each character of a string, with its digit if it is one."""
    if best.digits_text == line.segmented:
        digits = iter(line.digits)
        return [(character, next(digits) if character.isdigit() else None) for character in best.text]
    own_spans = line.digit_spans
    characters: list[tuple[str, Digit | None]] = []
    unused = 0
    for character, x in zip(best.text, best.positions, strict=True):
        if not character.isdigit():
            characters.append((character, None))
            continue
        own = next((i for i in range(unused, len(line.digits)) if covers(own_spans[i], [x])), None)
        unused = unused if own is None else own + 1
        characters.append((character, _digit_at(line, own, x, int(character), size)))
    return characters


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
    middle_x = line.strip.to_working(x)
    w, h = NEW_DIGIT_ASPECT * line.height, line.height
    top = line.strip.middle + line.strip.slope * middle_x - h / 2
    box = Box(round(middle_x - w / 2), round(top), max(1, round(w)), max(1, round(h)))
    return Digit(label, probability, centre_in_picture(box, ink, *size))


def split_numbers(characters: Sequence[tuple[str, Digit | None]]) -> list[tuple[str, tuple[Digit, ...]]]:
    """Split the characters of a line at letters and at wide gaps; returns the text and the digits of each number."""
    line = [digit for _, digit in characters if digit is not None]
    max_gap = number_gap(line) if line else 0.0
    numbers: list[tuple[str, list[Digit]]] = []
    signs = ""
    ended = True
    for character, digit in characters:
        if character == LETTERS:
            numbers, signs, ended = _closed(numbers, signs), "", True
        elif digit is None:
            signs += character
        else:
            gap = digit.box.x - numbers[-1][1][-1].box.right if numbers else 0
            if ended or gap > (SIGN_GAP_FACTOR * max_gap if signs else max_gap):
                before = signs.lstrip("".join(set(signs) - set(OPENING_SIGNS)))
                numbers = _closed(numbers, signs.removesuffix(before)) if not ended else numbers
                numbers.append((before + character, [digit]))
            else:
                text, digits = numbers[-1]
                numbers[-1] = (text + signs + character, [*digits, digit])
            signs, ended = "", False
    if not ended:
        numbers = _closed(numbers, signs)
    return [(text, tuple(digits)) for text, digits in numbers]


def _closed(numbers: list[tuple[str, list[Digit]]], signs: str) -> list[tuple[str, list[Digit]]]:
    """Return the numbers with signs behind the last one."""
    if not numbers or not signs:
        return numbers
    text, digits = numbers[-1]
    return [*numbers[:-1], (text + signs, digits)]
