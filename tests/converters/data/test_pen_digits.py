"""Digits of pen strokes become glyphs like those of MNIST."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from converters.data.pen_digits import load_pen_digits
from converters.data.strokes import is_held_out


def test_all_digits_of_the_training_writers_are_drawn(handwriting: Path) -> None:
    digits = load_pen_digits(handwriting, np.random.default_rng(0))
    learnt_from = sum(not is_held_out(f"{name}-{writer}") for name in ("unipen", "pendigits") for writer in range(12))
    assert np.bincount(digits.labels).tolist() == [learnt_from] * 10
    assert digits.images.dtype == np.uint8
    assert digits.images.shape == (10 * learnt_from, 28, 28)
    assert digits.images[:, 4:24, 4:24].max(axis=(1, 2)).min() > 200


def test_the_same_seed_draws_the_same_digits(handwriting: Path) -> None:
    first, again, other = (load_pen_digits(handwriting, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)
