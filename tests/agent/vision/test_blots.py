"""A filled spot is a blot and a ring is not, in dark and in light ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.blots import is_blot
from agent.vision.box import Box
from agent.vision.ink import Paper, find_ink

SIDE = 800


def draw_ellipse(ellipse: tuple[int, int], line_px: int, *, ink: int = 90, paper: int = 200) -> tuple[Paper, Box]:
    """Return the estimated paper of a page with an ellipse in the middle, and its box; a `line_px` of -1 fills it."""
    image = np.full((SIDE, SIDE, 3), paper, np.uint8)
    cv2.ellipse(image, (SIDE // 2, SIDE // 2), ellipse, 0, 0, 360, (ink, ink, ink), line_px)
    noise = np.random.default_rng(1).normal(0, 2, image.shape)
    noisy: NDArray[np.uint8] = np.clip(image + noise, 0, 255).astype(np.uint8)
    w, h = (2 * axis + max(0, line_px) for axis in ellipse)
    return find_ink(noisy, SIDE).paper, Box((SIDE - w) // 2, (SIDE - h) // 2, w, h)


@pytest.mark.slow
@pytest.mark.parametrize("ellipse", [(60, 80), (90, 130), (180, 120)])
@pytest.mark.parametrize(("ink", "paper"), [(90, 200), (160, 200), (190, 60)], ids=["dark", "pale", "light-on-dark"])
def test_a_filled_spot_is_a_blot_and_a_ring_is_not(ellipse: tuple[int, int], ink: int, paper: int) -> None:
    for line_px, expected in ((-1, True), (6, False), (20, False)):
        estimated, box = draw_ellipse(ellipse, line_px, ink=ink, paper=paper)
        assert is_blot(box, estimated, SIDE) is expected, line_px


@pytest.mark.parametrize("line_px", [40, 60, 80])
def test_the_strokes_of_a_large_digit_are_no_blot(line_px: int) -> None:
    estimated, box = draw_ellipse((120, 150), line_px)
    assert not is_blot(box, estimated, SIDE)


def test_a_spot_narrower_than_the_filter_of_the_paper_is_not_a_blot() -> None:
    estimated, box = draw_ellipse((15, 20), -1)
    assert not is_blot(box, estimated, SIDE)


@pytest.mark.parametrize("corner", [(0, 0), (SIDE - 100, SIDE - 100)])
def test_a_box_in_a_corner_of_the_picture_is_not_a_blot(corner: tuple[int, int]) -> None:
    estimated, _ = draw_ellipse((60, 80), 6)
    assert not is_blot(Box(*corner, 100, 100), estimated, SIDE)
