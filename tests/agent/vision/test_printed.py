"""Printed digits in the ink of a form are separated from digits that are written with another pen."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.binarize import binarize
from agent.vision.box import Box
from agent.vision.candidates import Candidate, find_page_candidates
from agent.vision.digits import Digit
from agent.vision.ink import prepare
from agent.vision.pens import Pen, find_pens
from agent.vision.pipeline import FORM_LINES_FACTOR
from agent.vision.printed import find_printed, without_printed

CELL = 90
BLACK, BLUE, PALE = (35, 35, 35), (190, 70, 50), (165, 165, 165)


def grid(pens: Sequence[tuple[int, int, int]], lines: tuple[int, int, int]) -> tuple[NDArray[np.uint8], list[Box]]:
    """Return a row of cells with a digit in each, BGR uint8 (h, w, 3), and the boxes of the digits."""
    w, h = CELL * len(pens) + 40, CELL + 40
    image, boxes = np.full((h, w, 3), 225, np.uint8), []
    for number in range(len(pens) + 1):
        cv2.line(image, (20 + CELL * number, 20), (20 + CELL * number, h - 20), lines, 3)
    for y in (20, h - 20):
        cv2.line(image, (20, y), (w - 20, y), lines, 3)
    for number, pen in enumerate(pens):
        mask = np.zeros((h, w), np.uint8)
        cv2.putText(mask, str(number), (45 + CELL * number, 85), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 1, 5)
        image[mask > 0] = pen
        boxes.append(Box(*cv2.boundingRect(mask)))
    noise = np.random.default_rng(2).normal(0, 2, image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.7) + noise, 0, 255).astype(np.uint8), boxes


def read(pens: Sequence[tuple[int, int, int]], lines: tuple[int, int, int]) -> tuple[list[int], list[Digit]]:
    """Return the numbers of the digits of a grid that are taken for printed, and all digits."""
    image, boxes = grid(pens, lines)
    inks = find_pens(prepare(image, max(image.shape)))
    digits = [Digit(number, 1.0, box) for number, box in enumerate(boxes)]
    candidates = find_page_candidates(inks[Pen.GREY], 0.8)
    in_grey: dict[Candidate, Digit] = {}
    for candidate in candidates:
        for digit, pen in zip(digits, pens, strict=True):
            if pen == BLACK and digit.box.iou(candidate.box) > 0.6:
                in_grey[candidate] = digit
    coloured = [digit for digit, pen in zip(digits, pens, strict=True) if pen == BLUE]
    printed = find_printed(inks[Pen.GREY], binarize(inks[Pen.GREY], FORM_LINES_FACTOR), [in_grey], [coloured])
    return sorted(digit.digit for digit in printed), digits


def test_black_digits_in_a_black_grid_that_is_filled_in_with_blue_are_printed() -> None:
    printed, digits = read((BLUE, BLACK, BLUE, BLUE, BLACK, BLUE), BLACK)
    assert printed == [1, 4]
    written = without_printed(digits, [digits[number] for number in printed])
    assert [digit.digit for digit in written] == [0, 2, 3, 5]


@pytest.mark.parametrize(
    ("pens", "lines"),
    [
        pytest.param((BLUE, BLACK) * 4 + (BLACK,), BLACK, id="most-digits-are-black"),
        pytest.param((BLUE, BLACK, BLUE, BLUE, BLACK, BLUE), PALE, id="black-pen-on-pale-lines"),
    ],
)
def test_digits_of_a_second_pen_are_not_printed(
    pens: Sequence[tuple[int, int, int]], lines: tuple[int, int, int]
) -> None:
    printed, digits = read(pens, lines)
    assert printed == []
    assert without_printed(digits, []) == digits
