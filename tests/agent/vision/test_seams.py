"""Touching digits: cut between them, lose nothing."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from agent.vision.seams import split_each


@given(arrays(np.uint8, st.tuples(st.integers(9, 40), st.integers(9, 80)), elements=st.integers(0, 1)))
def test_the_parts_are_the_whole_and_share_nothing(mask: NDArray[np.uint8]) -> None:
    parts = next(split_each([mask]))
    assert np.array_equal(np.sum(parts, axis=0), mask)


def test_two_rings_are_cut_where_a_stroke_joins_them() -> None:
    mask = np.zeros((60, 118), np.uint8)
    cv2.ellipse(mask, (30, 30), (26, 27), 0, 0, 360, 1, 5)
    cv2.ellipse(mask, (88, 30), (26, 27), 0, 0, 360, 1, 5)
    cv2.line(mask, (54, 40), (64, 40), 1, 5)
    cuts = np.cumsum([np.count_nonzero(part) for part in next(split_each([mask]))])
    assert np.abs(cuts / mask.sum() - 0.5).min() < 0.03


@given(arrays(np.uint8, st.tuples(st.integers(9, 40), st.integers(9, 80)), elements=st.integers(0, 1)))
def test_who_else_is_split_changes_nothing(mask: NDArray[np.uint8]) -> None:
    bar = np.ones((20, 50), np.uint8)
    alone, (_, among, _) = list(split_each([mask])), list(split_each([bar, mask, bar]))
    assert np.array_equal(alone, [among])
