"""Candidates are components, parts of wide components, and groups of neighbours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.binarize import Binarized
from agent.vision.box import Box
from agent.vision.candidates import MAX_CANDIDATES, find_mask_candidates
from agent.vision.components import find_components


def empty_mask() -> NDArray[np.uint8]:
    return np.zeros((100, 300), np.uint8)


def boxes(*masks: NDArray[np.uint8]) -> list[Box]:
    found = find_mask_candidates([Binarized(mask, find_components(mask), digit_px=30, min_px=9) for mask in masks])
    return [candidate.box for of_mask in found for candidate in of_mask]


def is_found(found: list[Box], box: Box) -> bool:
    return any(b.iou(box) > 0.8 for b in found)


def test_a_component_is_a_candidate_with_a_tight_box() -> None:
    mask = empty_mask()
    cv2.rectangle(mask, (50, 20), (69, 59), 1, cv2.FILLED)
    assert boxes(mask) == [Box(50, 20, 20, 40)]


def test_a_five_with_a_detached_top_stroke_is_one_candidate() -> None:
    mask = empty_mask()
    cv2.line(mask, (52, 18), (80, 18), 1, 3)
    cv2.ellipse(mask, (62, 45), (16, 18), 0, -90, 150, 1, 3)
    digit = Box(*cv2.boundingRect(mask))
    assert is_found(boxes(mask), digit)


def test_each_of_two_touching_digits_is_a_candidate() -> None:
    mask = empty_mask()
    cv2.ellipse(mask, (60, 50), (20, 30), 0, 0, 360, 1, 4)
    cv2.ellipse(mask, (105, 50), (20, 30), 0, 0, 360, 1, 4)
    cv2.line(mask, (78, 60), (88, 60), 1, 4)
    found = boxes(mask)
    assert is_found(found, Box(38, 18, 44, 64))
    assert is_found(found, Box(83, 18, 44, 64))


@pytest.mark.parametrize("size_px", [1, 4, 8])
def test_specks_are_not_candidates(size_px: int) -> None:
    mask = empty_mask()
    mask[10 : 10 + size_px, 10 : 10 + size_px] = 1
    assert boxes(mask) == []


def page_of_words() -> NDArray[np.uint8]:
    mask = np.zeros((1200, 1600), np.uint8)
    for y in range(20, 1100, 24):
        for x in range(10, 1500, 70):
            cv2.line(mask, (x, y + 8), (x + 60, y + 8), 1, 2)
            for dx in range(0, 61, 6):
                cv2.line(mask, (x + dx, y), (x + dx, y + 16), 1, 2)
    return mask


def test_a_page_of_words_has_few_enough_candidates_and_keeps_the_digit() -> None:
    mask = page_of_words()
    cv2.rectangle(mask, (800, 1130), (824, 1170), 1, 3)
    found = boxes(mask)
    assert MAX_CANDIDATES / 2 < len(found) <= MAX_CANDIDATES
    assert is_found(found, Box(799, 1129, 27, 43))


def test_masks_do_not_change_the_candidates_of_each_other() -> None:
    words = page_of_words()
    touching = empty_mask()
    cv2.ellipse(touching, (60, 50), (20, 30), 0, 0, 360, 1, 4)
    cv2.ellipse(touching, (105, 50), (20, 30), 0, 0, 360, 1, 4)
    cv2.line(touching, (78, 60), (88, 60), 1, 4)
    assert boxes(touching, words, empty_mask()) == [*boxes(touching), *boxes(words)]
