"""Printed digits in the ink of the form are separated from digits that are written with another pen."""

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
    """A row of cells with a digit in each, by pens of these colours; BGR, uint8 (h, w, 3), and the digits' boxes."""
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
    """Which digits of a grid are taken for print, by number; and all of them."""
    image, boxes = grid(pens, lines)
    inks = find_pens(prepare(image, max(image.shape)))
    every = [Digit(number, 1.0, box) for number, box in enumerate(boxes)]
    candidates = find_page_candidates(inks[Pen.GREY], 0.8)
    in_grey: dict[Candidate, Digit] = {}
    for candidate in candidates:
        for digit, pen in zip(every, pens, strict=True):
            if pen == BLACK and digit.box.iou(candidate.box) > 0.6:
                in_grey[candidate] = digit
    coloured = [digit for digit, pen in zip(every, pens, strict=True) if pen == BLUE]
    printed = find_printed(inks[Pen.GREY], binarize(inks[Pen.GREY], FORM_LINES_FACTOR), [in_grey], [coloured])
    return sorted(digit.digit for digit in printed), every


def test_black_digits_in_a_black_grid_that_is_filled_in_with_blue_are_print() -> None:
    printed, every = read((BLUE, BLACK, BLUE, BLUE, BLACK, BLUE), BLACK)
    assert printed == [1, 4]
    left = without_printed(every, [every[number] for number in printed])
    assert [digit.digit for digit in left] == [0, 2, 3, 5]


@pytest.mark.parametrize(
    ("pens", "lines"),
    [
        pytest.param((BLUE, BLACK) * 4 + (BLACK,), BLACK, id="most-are-black"),
        pytest.param((BLUE, BLACK, BLUE, BLUE, BLACK, BLUE), PALE, id="pen-on-pale-squares"),
    ],
)
def test_a_second_pen_is_not_taken_for_print(pens: Sequence[tuple[int, int, int]], lines: tuple[int, int, int]) -> None:
    printed, every = read(pens, lines)
    assert printed == []
    assert without_printed(every, []) == every
