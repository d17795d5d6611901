"""Seams: digits that touch are cut apart, and no ink is lost."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from agent.vision.seams import (
    DIAGONAL_STEP_COST,
    INK_PIXEL_COST,
    STROKE_ENTRY_COST,
    _find_paths,
    _trace_paths,
    split_each,
)


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
def test_components_split_together_do_not_change_each_other(mask: NDArray[np.uint8]) -> None:
    bar = np.ones((20, 50), np.uint8)
    alone, (_, among, _) = list(split_each([mask])), list(split_each([bar, mask, bar]))
    assert np.array_equal(alone, [among])


def walked_cell_by_cell(ink: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """What a way costs, as the constants of `seams` say it, and where each step comes from."""
    cost, came_from = np.zeros_like(ink), np.zeros((len(ink) - 1, ink.shape[1]), np.intp)
    cost[0] = (INK_PIXEL_COST + STROKE_ENTRY_COST) * ink[0]
    # NumPy 1 would count in float64 with Python's numbers.
    entry, length, aside, straight = (
        np.float32(one) for one in (STROKE_ENTRY_COST, INK_PIXEL_COST, DIAGONAL_STEP_COST, 0)
    )
    for y, x in np.ndindex(came_from.shape):
        ways = {
            step: cost[y, x + step]
            + (entry * max(ink[y + 1, x] - ink[y, x + step], straight) + (aside if step else straight))
            for step in (-1, 0, 1)
            if 0 <= x + step < ink.shape[1]
        }
        came_from[y, x] = step = min(ways, key=ways.__getitem__)
        cost[y + 1, x] = ways[step] + length * ink[y + 1, x]
    return cost[-1], came_from


INKS = arrays(np.float32, st.tuples(st.integers(2, 9), st.integers(1, 12)), elements=st.floats(0, 1, width=16))


@given(INKS)
def test_walking_row_by_row_is_walking_cell_by_cell(ink: NDArray[np.float32]) -> None:
    for walked, expected in zip(_find_paths(ink), walked_cell_by_cell(ink), strict=True):
        np.testing.assert_array_equal(walked, expected)


@given(INKS)
def test_a_way_is_made_of_the_steps_that_led_to_its_end(ink: NDArray[np.float32]) -> None:
    came_from = _find_paths(ink)[1]
    paths = _trace_paths(came_from, np.arange(ink.shape[1]))
    for above, path, steps in zip(paths, paths[1:], came_from, strict=False):
        np.testing.assert_array_equal(above - path, steps[path])
