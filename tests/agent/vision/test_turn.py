"""Pictures are turned upright, and boxes are placed in the picture again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import Page
from agent.vision.turn import Turn, place_in_picture

UPRIGHT = Box(10, 5, 20, 30)


@pytest.mark.parametrize(
    ("angle_deg", "picture", "in_picture"),
    [
        pytest.param(0, (100, 60), UPRIGHT, id="upright"),
        pytest.param(90, (60, 100), Box(25, 10, 30, 20), id="the-top-is-at-the-right"),
        pytest.param(180, (100, 60), Box(70, 25, 20, 30), id="upside-down"),
        pytest.param(270, (60, 100), Box(5, 70, 30, 20), id="the-top-is-at-the-left"),
    ],
)
def test_a_box_is_placed_in_the_picture_and_back(angle_deg: float, picture: tuple[int, int], in_picture: Box) -> None:
    turn = Turn(angle_deg, *picture)
    assert turn.size == (100, 60)
    assert turn.to_picture(UPRIGHT) == in_picture
    assert turn.to_upright(in_picture) == UPRIGHT


@pytest.mark.parametrize("quarters", range(4))
def test_a_quarter_turn_moves_each_pixel(quarters: int) -> None:
    upright = np.random.default_rng(1).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    picture = np.ascontiguousarray(np.rot90(upright, -quarters))
    turned = Turn(90.0 * quarters, picture.shape[1], picture.shape[0]).turn_upright(picture)
    np.testing.assert_array_equal(turned, upright)


@pytest.mark.parametrize("angle_deg", [30, 45, 120, 300])
def test_the_box_of_a_round_mark_is_tight_at_any_angle(angle_deg: float) -> None:
    picture = np.zeros((200, 320), np.uint8)
    cv2.circle(picture, (220, 80), 25, 255, cv2.FILLED)
    turn = Turn(angle_deg, 320, 200)
    upright = Box._make(cv2.boundingRect((turn.turn_upright(picture) > 127).astype(np.uint8)))
    assert upright.iou(turn.to_upright(Box(195, 55, 51, 51))) > 0.9
    assert Box(195, 55, 51, 51).iou(turn.to_picture(upright)) > 0.9


def test_a_page_that_was_read_upright_is_placed_with_its_readings_and_undecided_places() -> None:
    digits = Digit(4, 0.9, UPRIGHT), Digit(2, 0.8, Box(40, 5, 20, 30))
    doubtful = Digit(7, 0.4, Box(70, 5, 20, 30))
    reading = Reading("42", Box(10, 5, 50, 30), 0.7, digits, undecided=(doubtful,))
    page = place_in_picture(Page(100, 60, digits, (reading,), {}), Turn(90, 60, 100))
    assert (page.width, page.height, page.angle_deg) == (60, 100, 90)
    (placed,) = page.readings
    assert (placed.text, placed.box) == ("42", Box(25, 10, 30, 50))
    assert page.digits == placed.digits
    assert placed.undecided[0].box == Box(25, 70, 30, 20)
