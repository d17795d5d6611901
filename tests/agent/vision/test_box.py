"""Intersection over union, union and shared areas of boxes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.box import Box, shared_areas, union

boxes = st.builds(Box, st.integers(0, 50), st.integers(0, 50), st.integers(1, 40), st.integers(1, 40))


@pytest.mark.parametrize(
    ("a", "b", "iou"),
    [
        (Box(0, 0, 10, 10), Box(0, 0, 10, 10), 1.0),
        (Box(0, 0, 10, 10), Box(5, 0, 10, 10), 1 / 3),
        (Box(0, 0, 10, 10), Box(10, 0, 10, 10), 0.0),
        (Box(0, 0, 10, 10), Box(2, 2, 5, 4), 0.2),
    ],
)
def test_iou(a: Box, b: Box, iou: float) -> None:
    assert a.iou(b) == pytest.approx(iou)


@given(boxes, boxes)
def test_iou_is_symmetric_and_between_0_and_1(a: Box, b: Box) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0 <= a.iou(b) <= 1


@given(st.lists(boxes, min_size=1, max_size=5))
def test_the_union_is_the_smallest_box_around_all_boxes(sample: list[Box]) -> None:
    around = union(sample)
    assert all(around.x <= b.x and b.right <= around.right for b in sample)
    assert all(around.y <= b.y and b.bottom <= around.bottom for b in sample)
    assert around.x in {b.x for b in sample}
    assert around.bottom in {b.bottom for b in sample}


@pytest.mark.slow
@given(st.lists(boxes, max_size=12))
def test_shared_areas_has_all_pairs_of_boxes_that_overlap(sample: list[Box]) -> None:
    found = {
        tuple(sorted((a, b))): area for a, b, area in zip(*map(np.ndarray.tolist, shared_areas(sample)), strict=True)
    }
    expected = {
        (i, j): round(a.iou(b) * (a.w * a.h + b.w * b.h) / (1 + a.iou(b)))
        for (i, a), (j, b) in combinations(enumerate(sample), 2)
        if a.iou(b)
    }
    assert found == expected
