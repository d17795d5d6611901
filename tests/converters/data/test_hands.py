"""Hands of real pictures among the digits to trace."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.vision.box import Box
from converters.data.hands import with_hands
from converters.data.labelled import LabelledGlyphs
from converters.data.scenes import Scene

GIVEN = LabelledGlyphs(np.zeros((60, 28, 28), np.uint8), np.zeros(60, np.int64))


def written(text: str = "5") -> Scene:
    image = np.full((160, 160, 3), 225, np.uint8)
    cv2.putText(image, text, (50, 120), cv2.FONT_HERSHEY_SIMPLEX, 3, (60, 60, 60), 8, cv2.LINE_AA)
    x, y, w, h = cv2.boundingRect((image[..., 0] < 140).astype(np.uint8))
    return Scene(image, ((int(text), Box(x, y, w, h)),))


@pytest.mark.parametrize(("share", "fives"), [(0.25, 20), (0.5, 60), (0.0, 0)])
def test_real_hands_are_the_share_that_was_asked_for(share: float, fives: int) -> None:
    mixed = with_hands(GIVEN, [written()], share, np.random.default_rng(1))
    assert np.bincount(mixed.labels, minlength=10)[[0, 5]].tolist() == [60, fives]
    assert all(image.any() for image in mixed.images[60:])


def test_without_pictures_the_digits_stay_alone() -> None:
    assert with_hands(GIVEN, [], 0.3, np.random.default_rng(1)) is GIVEN


def test_a_digit_that_is_cut_badly_is_not_traced() -> None:
    scene = written()
    ((label, box),) = scene.digits
    wide = Scene(scene.image, ((label, Box(box.x, box.y, round(box.w * 1.3), box.h)),))
    assert with_hands(GIVEN, [wide], 0.5, np.random.default_rng(1)) is GIVEN
