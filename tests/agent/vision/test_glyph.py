"""Glyphs are scaled and centred as in MNIST."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from agent.vision.glyph import INNER_PX, SIZE_PX, normalise, normalise_each


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 255))
def test_the_longer_side_has_20_pixels_and_the_centre_of_mass_is_in_the_middle(h: int, w: int, grey: int) -> None:
    glyph = normalise(np.full((h, w), grey, np.uint8))
    assert glyph.shape == (SIZE_PX, SIZE_PX)
    _, _, glyph_w, glyph_h = cv2.boundingRect(glyph)
    assert max(glyph_w, glyph_h) == INNER_PX
    ys, xs = np.nonzero(glyph)
    weights = glyph[ys, xs]
    assert abs(np.average(xs, weights=weights) - SIZE_PX / 2) <= 0.51
    assert abs(np.average(ys, weights=weights) - SIZE_PX / 2) <= 0.51


def test_thin_strokes_keep_full_strength_when_they_are_scaled_down() -> None:
    ink = np.zeros((400, 200), np.uint8)
    cv2.line(ink, (20, 20), (180, 380), 255, 3)
    assert normalise(ink).max() == 255


@given(st.lists(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))), max_size=5))
def test_a_glyph_does_not_depend_on_the_others(inks: list[NDArray[np.uint8]]) -> None:
    glyphs = normalise_each(inks)
    assert glyphs.shape == (len(inks), SIZE_PX, SIZE_PX)
    assert all(np.array_equal(glyph, normalise(ink)) for glyph, ink in zip(glyphs, inks, strict=True))


def test_no_ink_gives_an_empty_glyph() -> None:
    assert not normalise(np.zeros((9, 5), np.uint8)).any()


@pytest.mark.skipif("DIGIT_DATA_DIR" not in os.environ, reason="DIGIT_DATA_DIR names no folder with MNIST")
def test_mnist_digits_do_not_change() -> None:
    from converters.data.mnist import load_mnist

    images, _ = load_mnist(Path(os.environ["DIGIT_DATA_DIR"]), "test")
    for image in images[:500]:
        x, y, w, h = cv2.boundingRect(image)
        normalised = normalise(image[y : y + h, x : x + w]).astype(float)
        assert np.abs(normalised - image * (255 / image.max())).mean() < 0.1
