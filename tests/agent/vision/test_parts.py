from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import group_lines
from agent.vision.page import STAGES, Page
from agent.vision.parts import MAX_RATIO, OVERLAP_SHARE, find_parts, read_parts
from agent.vision.pixels import Pixels

DIGIT_PX = 40


def read_squares(image: Pixels) -> Page:
    """Read black squares as sevens, if they are whole and do not become too small at 1600 pixels."""
    height, width = image.shape[:2]
    boxes: list[Box] = []
    if DIGIT_PX * 1600 / max(width, height) >= 12:
        _, _, rows, _ = cv2.connectedComponentsWithStats((image[..., 0] < 128).astype(np.uint8))
        boxes = [Box(*(int(value) for value in row[:4])) for row in rows[1:]]
    digits = tuple(Digit(7, 0.9, box) for box in boxes if box.w == DIGIT_PX and box.h == DIGIT_PX)
    return Page(width, height, digits, group_lines(digits), dict.fromkeys(STAGES, 1.0))


@pytest.mark.parametrize("size", [(640, 480), (4000, 3000), (1600, 100), (760, 240), (2000, 1000), (1000, 1600)])
def test_a_usual_picture_is_one_part(size: tuple[int, int]) -> None:
    assert find_parts(*size) == (Box(0, 0, *size),)


@pytest.mark.parametrize("size", [(640, 7200), (12800, 480), (1000, 3000), (1601, 20), (30_000, 2000), (2100, 1000)])
def test_the_parts_of_a_long_picture_cover_it_and_overlap(size: tuple[int, int]) -> None:
    parts = find_parts(*size)
    along = 0 if size[0] > size[1] else 1
    assert parts[0][along] == 0
    assert parts[-1][along] + parts[-1][2 + along] == size[along]
    for part, following in pairwise(parts):
        length = part[2 + along]
        assert part[along] + length - following[along] >= round(OVERLAP_SHARE * length) - 1
        assert length <= max(1600, MAX_RATIO * min(size))


@pytest.mark.parametrize("size", [(640, 7200), (12800, 480), (480, 12800)])
@pytest.mark.parametrize("step", [97, 263])
def test_each_number_of_a_long_picture_is_read_once_and_in_place(size: tuple[int, int], step: int) -> None:
    """Numbers of two squares stand at all places, also where the parts end."""
    width, height = size
    image = np.full((height, width, 3), 255, np.uint8)
    across = range(100, width - 200, step + 200) if width > height else [100]
    down = [60] if width > height else range(60, height - 100, step)
    places = [(x, y) for y in down for x in across]
    for x, y in places:
        image[y : y + DIGIT_PX, x : x + DIGIT_PX] = 0
        image[y : y + DIGIT_PX, x + 50 : x + 50 + DIGIT_PX] = 0
    assert read_squares(image).readings == ()
    page = read_parts(image, read_squares)
    assert [reading.box for reading in page.readings] == [Box(x, y, 90, DIGIT_PX) for x, y in places]
    assert [digit.box.x for digit in page.digits[:2]] == [places[0][0], places[0][0] + 50]
    assert (page.width, page.height, page.stage_ms["ink"]) == (width, height, len(find_parts(width, height)))


def test_lines_of_a_wide_picture_are_in_reading_order() -> None:
    image = np.full((800, 9000, 3), 255, np.uint8)
    for y in (100, 600):
        for x in range(200, 8800, 700):
            image[y : y + DIGIT_PX, x : x + DIGIT_PX] = 0
    boxes = [reading.box for reading in read_parts(image, read_squares).readings]
    assert boxes == sorted(boxes, key=lambda box: (box.y, box.x))
    assert len(boxes) == 26
