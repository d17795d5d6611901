"""Connected components, and the height of the digits that is estimated from them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from agent.vision.components import MAX_COMPONENTS, cut_out, digit_height, find_components

MASKS = arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.integers(0, 1))


@given(MASKS)
def test_contours_give_the_same_components_as_labelling(mask: NDArray[np.uint8]) -> None:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    expected = [
        ((x, y, w, h), area, (labels[y : y + h, x : x + w] == label).tobytes())
        for label, (x, y, w, h, area) in enumerate(stats.tolist())
        if label
    ]
    found = [(tuple(a.box), a.area, a.mask.astype(bool).tobytes()) for a in cut_out(find_components(mask), 0)]
    assert sorted(found) == sorted(expected)


def test_a_ring_and_the_dot_inside_it_are_two_components() -> None:
    mask = np.zeros((60, 60), np.uint8)
    cv2.circle(mask, (30, 30), 25, 1, 3)
    cv2.circle(mask, (30, 30), 4, 1, cv2.FILLED)
    dot, ring = sorted(cut_out(find_components(mask), 0), key=lambda atom: atom.area)
    assert dot.area + ring.area == np.count_nonzero(mask)
    assert ring.mask[ring.box.h // 2, ring.box.w // 2] == 0


@pytest.mark.slow
def test_a_page_of_noise_has_a_limited_number_of_components() -> None:
    noise = (np.random.default_rng(0).random((1200, 1600)) > 0.6).astype(np.uint8)
    assert len(cut_out(find_components(noise), 3)) <= MAX_COMPONENTS


@pytest.mark.parametrize(("heights", "expected"), [([30, 30, 30, 4, 4], 30), ([20], 20), ([], 9)])
def test_the_digit_height_is_the_height_of_most_ink(heights: list[int], expected: float) -> None:
    mask = np.zeros((100, 300), np.uint8)
    for i, h in enumerate(heights):
        mask[10 : 10 + h, 10 + 40 * i : 22 + 40 * i] = 1
    assert digit_height(find_components(mask), 2) == expected


@pytest.mark.parametrize("digits", [0, 12])
def test_a_grid_does_not_count_for_the_height_of_the_digits(digits: int) -> None:
    mask = np.zeros((400, 400), np.uint8)
    for at in range(5, 400, 39):
        mask[at : at + 3], mask[:, at : at + 3] = 1, 1
    for i in range(digits):
        mask[52:77, 15 + 39 * (i % 10) : 22 + 39 * (i % 10)] = 1
    expected = 25 if digits else 38  # the height of a cell, its border included
    assert digit_height(find_components(mask), 9) == expected
