"""The skew is found from the lines, and the transform back to the working image is right."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.deskew import MAX_SKEW_DEG, deskew, skew_deg
from agent.vision.ink import find_ink


def ruled_page(angle_deg: float, size: tuple[int, int] = (640, 480)) -> NDArray[np.uint8]:
    """Return ruled paper, BGR, rotated counter-clockwise."""
    image = np.full((480, 640, 3), 215, np.uint8)
    for y in range(60, 460, 40):
        cv2.line(image, (80, y), (560, y), (60, 60, 60), 2)
    rotation = cv2.getRotationMatrix2D((320, 240), angle_deg, 1.0)
    rotated = cv2.warpAffine(image, rotation, (640, 480), borderValue=(215, 215, 215))
    return np.asarray(cv2.resize(rotated, size), np.uint8)


@pytest.mark.parametrize("angle_deg", [-20, -7, 4, 13, 20])
def test_the_skew_is_found_from_the_lines(angle_deg: float) -> None:
    assert skew_deg(find_ink(ruled_page(angle_deg), 800)) == pytest.approx(-angle_deg, abs=0.75)


@pytest.mark.parametrize("angle_deg", [0, 1, -1.5])
def test_a_nearly_horizontal_page_is_not_rotated(angle_deg: float) -> None:
    ink = find_ink(ruled_page(angle_deg), 800)
    assert deskew(ink) is ink


def test_a_single_line_of_writing_gives_no_angle() -> None:
    image = cv2.resize(ruled_page(10), (640, 200))
    assert skew_deg(find_ink(np.asarray(image, np.uint8), 800)) == 0


def test_deskewed_ink_has_the_inverse_transform() -> None:
    ink = find_ink(ruled_page(12), 800)
    deskewed = deskew(ink)
    assert deskewed.deskew_inverse is not None
    assert abs(skew_deg(deskewed)) < MAX_SKEW_DEG / 12
    y, x = np.argwhere(deskewed.strength > 200)[::97].T
    points = deskewed.deskew_inverse @ np.stack([x + 0.5, y + 0.5, np.ones(len(x))])
    column, row = np.floor(points).astype(int)
    assert np.mean(cv2.dilate(ink.strength, np.ones((3, 3), np.uint8))[row, column] > 150) > 0.98
