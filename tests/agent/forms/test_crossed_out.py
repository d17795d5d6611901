from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.forms.crossed_out import is_crossed_out, without_crossed_out

HEIGHT_PX = 28
PEN_PX = 3


def number(text: str, seed: int) -> NDArray[np.uint8]:
    """Return the ink of a number as it is in a cell: 0 or 1, digits that touch."""
    rng = np.random.default_rng(seed)
    hand = random_handwriting(rng)
    inks = [draw_digit(rng, int(sign), HEIGHT_PX, hand) for sign in text]
    ink = np.zeros((HEIGHT_PX + 12, sum(one.shape[1] for one in inks) + 20), np.uint8)
    x = 10
    for one in inks:
        ink[6 : 6 + one.shape[0], x : x + one.shape[1]] |= one > 96
        x += one.shape[1] - 1
    return ink


def tight(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    x, y, w, h = cv2.boundingRect(ink)
    return ink[y : y + h, x : x + w]


def struck(ink: NDArray[np.uint8], *shifts: int) -> NDArray[np.uint8]:
    """Draw lines through a number that reach out on both sides."""
    middle, right = len(ink) // 2, ink.shape[1] - 1
    for shift in shifts:
        cv2.line(ink, (3, middle + shift + 2), (right - 3, middle + shift - 2), 1, PEN_PX)
    return ink


def scribbled(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    xs = np.linspace(5, ink.shape[1] - 6, 9).round().astype(int)
    ys = np.where(np.arange(9) % 2, 8, len(ink) - 9)
    cv2.polylines(ink, [np.stack([xs, ys], axis=1).astype(np.int32)], isClosed=False, color=1, thickness=PEN_PX)
    return ink


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("text", [*"0123456789", "10", "47", "7777", "4096"])
def test_a_number_as_it_is_is_not_crossed_out(text: str, seed: int) -> None:
    assert not is_crossed_out(tight(number(text, seed)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("text", ["50", "38", "29", "613"])
def test_one_line_crosses_out_several_digits(text: str, seed: int) -> None:
    assert is_crossed_out(tight(struck(number(text, seed), 0)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("text", ["3", "6", "8", "9", "0"])
def test_two_lines_cross_out_a_digit(text: str, seed: int) -> None:
    assert is_crossed_out(tight(struck(number(text, seed), -4, 4)))


@pytest.mark.parametrize("text", ["50", "38", "29"])
def test_a_zigzag_crosses_out(text: str) -> None:
    assert is_crossed_out(tight(scribbled(number(text, 2))))


def test_the_number_beside_it_stays() -> None:
    crop = np.full((62, 160, 3), 245, np.uint8)
    out, stays = struck(number("50", 1), 0), number("38", 1)
    for x, ink in ((12, out), (90, stays)):
        crop[10 : 10 + len(ink), x : x + ink.shape[1]][ink > 0] = 40
    left = without_crossed_out(crop, 9)
    assert (left[:, :88] == 245).all()
    assert np.array_equal(left[:, 88:], crop[:, 88:])
