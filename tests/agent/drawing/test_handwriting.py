from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.drawing.handwriting import DIGIT_SHAPES, draw_digit, random_handwriting

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.integers(0, 9), st.floats(8, 120))
def test_a_digit_is_cropped_to_its_ink_and_has_the_height_asked_for(seed: int, digit: int, height_px: float) -> None:
    ink = draw_digit(np.random.default_rng(seed), digit, height_px)
    assert ink.dtype == np.uint8
    assert ink.max() > 150
    for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]):
        assert edge.max() > 0
    assert 0.8 * height_px - 2 < ink.shape[0] < 1.35 * height_px + 4


@pytest.mark.slow
@given(SEEDS, st.integers(0, 9))
def test_the_same_seed_draws_the_same_digit(seed: int, digit: int) -> None:
    first, second = (draw_digit(np.random.default_rng(seed), digit, 40) for _ in range(2))
    assert np.array_equal(first, second)


def test_one_handwriting_never_repeats_a_digit_exactly() -> None:
    rng = np.random.default_rng(0)
    handwriting = random_handwriting(rng)
    inks = {draw_digit(rng, 5, 40, handwriting).tobytes() for _ in range(20)}
    assert len(inks) == 20


def test_a_wider_pen_leaves_more_ink() -> None:
    handwriting = random_handwriting(np.random.default_rng(0))
    coverage = [
        (draw_digit(np.random.default_rng(1), 0, 80, replace(handwriting, pen_width=width)) > 0).mean()
        for width in (0.05, 0.12)
    ]
    assert coverage[0] < 0.7 * coverage[1]


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_has_several_shapes_and_all_are_used(digit: int) -> None:
    assert len(DIGIT_SHAPES[digit]) >= 2
    handwritings = [random_handwriting(np.random.default_rng(seed)) for seed in range(30)]
    assert {handwriting.shapes[digit] for handwriting in handwritings} == set(range(len(DIGIT_SHAPES[digit])))
