"""Boxes: overlap and union."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.box import Box, shared_areas, union

boxes = st.builds(Box, st.integers(0, 50), st.integers(0, 50), st.integers(1, 40), st.integers(1, 40))


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [
        (Box(0, 0, 10, 10), Box(0, 0, 10, 10), 1.0),
        (Box(0, 0, 10, 10), Box(5, 0, 10, 10), 1 / 3),
        (Box(0, 0, 10, 10), Box(10, 0, 10, 10), 0.0),
        (Box(0, 0, 10, 10), Box(2, 2, 5, 4), 0.2),
    ],
)
def test_overlap(a: Box, b: Box, overlap: float) -> None:
    assert a.iou(b) == pytest.approx(overlap)


@given(boxes, boxes)
def test_overlap_is_the_same_both_ways_and_a_share(a: Box, b: Box) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0 <= a.iou(b) <= 1


@given(st.lists(boxes, min_size=1, max_size=5))
def test_union_holds_each_box_and_no_more(some: list[Box]) -> None:
    around = union(some)
    assert all(around.x <= b.x and b.right <= around.right for b in some)
    assert all(around.y <= b.y and b.bottom <= around.bottom for b in some)
    assert around.x in {b.x for b in some}
    assert around.bottom in {b.bottom for b in some}


@given(st.lists(boxes, max_size=12))
def test_boxes_that_share_an_area_are_found_all_at_once(some: list[Box]) -> None:
    found = {
        tuple(sorted((a, b))): area for a, b, area in zip(*map(np.ndarray.tolist, shared_areas(some)), strict=True)
    }
    expected = {
        (i, j): round(a.iou(b) * (a.w * a.h + b.w * b.h) / (1 + a.iou(b)))
        for (i, a), (j, b) in combinations(enumerate(some), 2)
        if a.iou(b)
    }
    assert found == expected
