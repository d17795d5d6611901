"""Touching digits are split along seams, and no ink is lost."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
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


@pytest.mark.slow
@given(arrays(np.uint8, st.tuples(st.integers(9, 40), st.integers(9, 80)), elements=st.integers(0, 1)))
def test_each_pixel_of_ink_is_in_exactly_one_part(mask: NDArray[np.uint8]) -> None:
    parts = next(split_each([mask]))
    assert np.array_equal(np.sum(parts, axis=0), mask)


def test_two_rings_are_split_at_the_stroke_that_joins_them() -> None:
    mask = np.zeros((60, 118), np.uint8)
    cv2.ellipse(mask, (30, 30), (26, 27), 0, 0, 360, 1, 5)
    cv2.ellipse(mask, (88, 30), (26, 27), 0, 0, 360, 1, 5)
    cv2.line(mask, (54, 40), (64, 40), 1, 5)
    areas = np.cumsum([np.count_nonzero(part) for part in next(split_each([mask]))])
    assert np.abs(areas / mask.sum() - 0.5).min() < 0.03


@pytest.mark.slow
@given(arrays(np.uint8, st.tuples(st.integers(9, 40), st.integers(9, 80)), elements=st.integers(0, 1)))
def test_components_split_together_do_not_change_each_other(mask: NDArray[np.uint8]) -> None:
    bar = np.ones((20, 50), np.uint8)
    alone, (_, among, _) = list(split_each([mask])), list(split_each([bar, mask, bar]))
    assert np.array_equal(alone, [among])


def paths_pixel_by_pixel(ink: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return what `_find_paths` returns, computed pixel by pixel from the costs in `agent.vision.seams`."""
    cost, came_from = np.zeros_like(ink), np.zeros((len(ink) - 1, ink.shape[1]), np.intp)
    cost[0] = (INK_PIXEL_COST + STROKE_ENTRY_COST) * ink[0]
    # float32 as in `_find_paths`: NumPy 1 computes in float64 with numbers of Python.
    entry, length, diagonal, straight = (
        np.float32(cost_of_step) for cost_of_step in (STROKE_ENTRY_COST, INK_PIXEL_COST, DIAGONAL_STEP_COST, 0)
    )
    for y, x in np.ndindex(came_from.shape):
        costs = {
            step: cost[y, x + step]
            + (entry * max(ink[y + 1, x] - ink[y, x + step], straight) + (diagonal if step else straight))
            for step in (-1, 0, 1)
            if 0 <= x + step < ink.shape[1]
        }
        came_from[y, x] = step = min(costs, key=costs.__getitem__)
        cost[y + 1, x] = costs[step] + length * ink[y + 1, x]
    return cost[-1], came_from


INKS = arrays(np.float32, st.tuples(st.integers(2, 9), st.integers(1, 12)), elements=st.floats(0, 1, width=16))


@pytest.mark.slow
@given(INKS)
def test_the_search_row_by_row_equals_the_search_pixel_by_pixel(ink: NDArray[np.float32]) -> None:
    for found, expected in zip(_find_paths(ink), paths_pixel_by_pixel(ink), strict=True):
        np.testing.assert_array_equal(found, expected)


@given(INKS)
def test_a_path_consists_of_the_steps_that_lead_to_its_end(ink: NDArray[np.float32]) -> None:
    came_from = _find_paths(ink)[1]
    paths = _trace_paths(came_from, np.arange(ink.shape[1]))
    for upper, lower, steps in zip(paths, paths[1:], came_from, strict=False):
        np.testing.assert_array_equal(upper - lower, steps[lower])
