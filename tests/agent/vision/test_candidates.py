"""Candidates: components, parts of wide ones, and neighbours together."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import MAX_CANDIDATES, find_candidates
from agent.vision.components import cut_out, find_components


def mask() -> NDArray[np.uint8]:
    return np.zeros((100, 300), np.uint8)


def boxes(drawn: NDArray[np.uint8]) -> list[Box]:
    return [c.box for c in find_candidates(cut_out(find_components(drawn), 9), 9)]


def near(found: list[Box], box: Box) -> bool:
    return any(b.iou(box) > 0.8 for b in found)


def test_a_component_is_a_candidate_with_a_tight_box() -> None:
    drawn = mask()
    cv2.rectangle(drawn, (50, 20), (69, 59), 1, cv2.FILLED)
    assert boxes(drawn) == [Box(50, 20, 20, 40)]


def test_a_five_whose_hat_stands_apart_is_offered_whole() -> None:
    drawn = mask()
    cv2.line(drawn, (52, 18), (80, 18), 1, 3)
    cv2.ellipse(drawn, (62, 45), (16, 18), 0, -90, 150, 1, 3)
    whole = Box(*cv2.boundingRect(drawn))
    assert near(boxes(drawn), whole)


def test_digits_that_touch_are_offered_one_by_one() -> None:
    drawn = mask()
    cv2.ellipse(drawn, (60, 50), (20, 30), 0, 0, 360, 1, 4)
    cv2.ellipse(drawn, (105, 50), (20, 30), 0, 0, 360, 1, 4)
    cv2.line(drawn, (78, 60), (88, 60), 1, 4)
    found = boxes(drawn)
    assert near(found, Box(38, 18, 44, 64))
    assert near(found, Box(83, 18, 44, 64))


@pytest.mark.parametrize("size_px", [1, 4, 8])
def test_specks_are_left_out(size_px: int) -> None:
    drawn = mask()
    drawn[10 : 10 + size_px, 10 : 10 + size_px] = 1
    assert boxes(drawn) == []


def test_a_page_of_words_is_bounded_and_digits_among_them_are_offered_first() -> None:
    drawn = np.zeros((1200, 1600), np.uint8)
    for y in range(20, 1100, 24):
        for x in range(10, 1500, 70):
            cv2.line(drawn, (x, y + 8), (x + 60, y + 8), 1, 2)
            for dx in range(0, 61, 6):
                cv2.line(drawn, (x + dx, y), (x + dx, y + 16), 1, 2)
    cv2.rectangle(drawn, (800, 1130), (824, 1170), 1, 3)
    found = find_candidates(cut_out(find_components(drawn), 9), 9)
    assert MAX_CANDIDATES / 2 < len(found) <= MAX_CANDIDATES
    assert near([c.box for c in found], Box(799, 1129, 27, 43))
