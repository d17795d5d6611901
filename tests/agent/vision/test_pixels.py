"""Pictures of several kinds are converted to BGR."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.pixels import to_bgr
from profiles.errors import UsageError


def test_bgr_is_returned_unchanged() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert to_bgr(image) is image


def test_grey_has_three_equal_channels() -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert np.array_equal(to_bgr(grey), np.dstack([grey] * 3))


def test_transparent_pixels_become_white_and_opaque_ones_stay() -> None:
    bgra = np.array([[[10, 20, 30, 0], [10, 20, 30, 255], [0, 0, 0, 127]]], np.uint8)
    assert to_bgr(bgra).tolist() == [[[255, 255, 255], [10, 20, 30], [128, 128, 128]]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_a_float_picture_gives_each_uint8_value(dtype: str) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(to_bgr((grey / 255).astype(dtype))[..., 0], grey)


def test_a_picture_with_nan_is_refused() -> None:
    image = np.zeros((3, 3, 3))
    image[1, 1, 1] = np.nan
    with pytest.raises(UsageError, match="from 0 to 1, not nan to nan"):
        to_bgr(image)
