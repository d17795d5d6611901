from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capture.pen import SHAPES, draw_digit, invent_hand, spline

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.integers(0, 9), st.floats(8, 120))
def test_a_digit_is_cropped_tight_and_as_high_as_asked(seed: int, digit: int, height_px: float) -> None:
    ink = draw_digit(np.random.default_rng(seed), digit, height_px)
    assert ink.dtype == np.uint8
    assert ink.max() > 150
    for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]):
        assert edge.max() > 0
    assert 0.8 * height_px - 2 < ink.shape[0] < 1.35 * height_px + 4


@given(SEEDS, st.integers(0, 9))
def test_the_same_seed_writes_the_same(seed: int, digit: int) -> None:
    first, second = (draw_digit(np.random.default_rng(seed), digit, 40) for _ in range(2))
    assert np.array_equal(first, second)


def test_one_hand_writes_no_digit_twice_alike() -> None:
    rng = np.random.default_rng(0)
    hand = invent_hand(rng)
    inks = {draw_digit(rng, 5, 40, hand).tobytes() for _ in range(20)}
    assert len(inks) == 20


def test_a_hand_keeps_to_its_pen() -> None:
    hand = invent_hand(np.random.default_rng(0))
    coverage = [
        (draw_digit(np.random.default_rng(1), 0, 80, replace(hand, stroke=stroke)) > 0).mean()
        for stroke in (0.05, 0.12)
    ]
    assert coverage[0] < 0.7 * coverage[1]


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_has_natural_variants(digit: int) -> None:
    assert len(SHAPES[digit]) >= 2
    hands = [invent_hand(np.random.default_rng(seed)) for seed in range(30)]
    assert {hand.shapes[digit] for hand in hands} == set(range(len(SHAPES[digit])))


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=9, unique=True))
def test_a_spline_meets_its_points(points: list[tuple[float, float]]) -> None:
    given_points = np.array(points)
    line = spline(given_points, steps=5)
    assert np.allclose(line[::5], given_points)


def test_a_point_twice_is_a_corner() -> None:
    line = spline(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    assert np.allclose(line[line[:, 0] < 1 - 1e-9][:, 1], 0)
    assert np.allclose(line[line[:, 1] > 1e-9][:, 0], 1)
