"""Blots: a spot is distinguished from a ring, in dark and in light ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.blots import is_blot
from agent.vision.box import Box
from agent.vision.ink import Paper, find_ink

SIDE = 800


def paper_of(ellipse: tuple[int, int], line_px: int, *, ink: int = 90, paper: int = 200) -> tuple[Paper, Box]:
    """What an ellipse in the middle of a page stands out from, and its box; -1 fills it."""
    image = np.full((SIDE, SIDE, 3), paper, np.uint8)
    cv2.ellipse(image, (SIDE // 2, SIDE // 2), ellipse, 0, 0, 360, (ink, ink, ink), line_px)
    grain = np.random.default_rng(1).normal(0, 2, image.shape)
    seen: NDArray[np.uint8] = np.clip(image + grain, 0, 255).astype(np.uint8)
    w, h = (2 * axis + max(0, line_px) for axis in ellipse)
    return find_ink(seen, SIDE).paper, Box((SIDE - w) // 2, (SIDE - h) // 2, w, h)


@pytest.mark.parametrize("ellipse", [(60, 80), (90, 130), (180, 120)])
@pytest.mark.parametrize(("ink", "paper"), [(90, 200), (160, 200), (190, 60)], ids=["dark", "pale", "light-on-dark"])
def test_a_spot_is_a_blot_and_a_ring_is_none(ellipse: tuple[int, int], ink: int, paper: int) -> None:
    for line_px, blot in ((-1, True), (6, False), (20, False)):
        around, box = paper_of(ellipse, line_px, ink=ink, paper=paper)
        assert is_blot(box, around, SIDE) is blot, line_px


def test_what_is_too_small_to_mistake_the_paper_is_none() -> None:
    around, box = paper_of((15, 20), -1)
    assert not is_blot(box, around, SIDE)


@pytest.mark.parametrize("corner", [(0, 0), (SIDE - 100, SIDE - 100)])
def test_at_the_pictures_edges_there_is_paper_enough(corner: tuple[int, int]) -> None:
    around, _ = paper_of((60, 80), 6)
    assert not is_blot(Box(*corner, 100, 100), around, SIDE)
