"""Ruled lines are removed, and the digits on them are kept."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.components import find_components
from agent.vision.ruled_lines import remove_ruled_lines

DIGIT_PX = 40


def empty_mask() -> NDArray[np.uint8]:
    return np.zeros((200, 400), np.uint8)


def horizontal(mask: NDArray[np.uint8]) -> None:
    cv2.line(mask, (0, 120), (399, 120), 1, 2)


def sloping(mask: NDArray[np.uint8]) -> None:
    cv2.line(mask, (0, 110), (399, 124), 1, 3)


def vertical(mask: NDArray[np.uint8]) -> None:
    cv2.line(mask, (120, 0), (120, 199), 1, 2)


def grid(mask: NDArray[np.uint8]) -> None:
    for at in range(20, 400, 60):
        cv2.line(mask, (at, 0), (at, 199), 1, 2)
        cv2.line(mask, (0, at), (399, at), 1, 2)


@pytest.mark.parametrize("draw", [horizontal, sloping, vertical, grid])
def test_lines_are_removed_and_a_digit_that_crosses_them_is_kept(draw: object) -> None:
    lines, digit = empty_mask(), empty_mask()
    assert callable(draw)
    draw(lines)
    cv2.putText(digit, "8", (105, 130), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 1, 4)
    kept = remove_ruled_lines(find_components(lines | digit), DIGIT_PX).mask
    assert kept[digit > 0].mean() > 0.9
    assert kept[(lines > 0) & (cv2.dilate(digit, np.ones((7, 7), np.uint8)) == 0)].mean() < 0.05


@pytest.mark.parametrize("text", ["7", "1", "5", "4477"])
def test_bars_of_digits_are_not_lines(text: str) -> None:
    mask = empty_mask()
    cv2.putText(mask, text, (60, 130), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 1, 4)
    components = find_components(mask)
    assert remove_ruled_lines(components, DIGIT_PX) is components
