"""Coloured and grey ink of one picture are separated."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.ink import prepare
from agent.vision.pens import Pen, find_pens

H, W = 300, 500


def form(box_bgr: tuple[int, int, int], pen_bgr: tuple[int, int, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a form whose digits cross the borders of printed boxes, and the pixels of the digits, uint8 (H, W)."""
    image = np.full((H, W, 3), 225, np.uint8)
    for x in range(20, W - 160, 160):
        cv2.rectangle(image, (x, 90), (x + 120, 215), box_bgr, 5)
    written = np.zeros((H, W), np.uint8)
    for x, text in ((40, "3"), (200, "7"), (360, "5")):
        cv2.putText(written, text, (x, 200), cv2.FONT_HERSHEY_SIMPLEX, 4, 1, 8)
    image[written > 0] = pen_bgr
    noise = np.random.default_rng(1).normal(0, 3, image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.8) + noise, 0, 255).astype(np.uint8), written


@pytest.mark.parametrize(
    ("box_bgr", "pen_bgr", "pen"),
    [
        pytest.param((40, 40, 40), (190, 60, 50), Pen.COLOURED, id="blue-pen-in-black-boxes"),
        pytest.param((40, 45, 40), (60, 50, 200), Pen.COLOURED, id="red-pen-in-black-boxes"),
        pytest.param((110, 110, 230), (45, 45, 50), Pen.GREY, id="black-pen-in-red-boxes"),
    ],
)
def test_two_pens_are_separated(box_bgr: tuple[int, int, int], pen_bgr: tuple[int, int, int], pen: Pen) -> None:
    picture, written = form(box_bgr, pen_bgr)
    pens = find_pens(prepare(picture, W))
    assert set(pens) == set(Pen)
    found = pens[pen].strength > pens[pen].threshold
    strokes = cv2.erode(written, np.ones((3, 3), np.uint8)) > 0
    assert np.mean(found[strokes]) > 0.95
    far_from_ink = cv2.dilate(written, np.ones((9, 9), np.uint8)) == 0
    assert np.mean(found[far_from_ink]) < 0.01, "no box is left"


@pytest.mark.parametrize("pen_bgr", [(40, 40, 40), (190, 60, 50), (60, 50, 200)], ids=["black", "blue", "red"])
def test_one_pen_is_not_taken_for_two(pen_bgr: tuple[int, int, int]) -> None:
    picture, _ = form(pen_bgr, pen_bgr)
    assert find_pens(prepare(picture, W)) == {}


@pytest.mark.parametrize("side", [1, 30])
def test_blank_paper_has_no_pens(side: int) -> None:
    assert find_pens(prepare(np.full((side, side, 3), 200, np.uint8), W)) == {}
