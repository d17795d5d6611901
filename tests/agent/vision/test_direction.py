"""Turned pages are found out and read upright, upright pages and lone numbers are left as they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent import Reader
from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import subtract_ink
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.direction import is_print
from agent.vision.lines import Reading
from agent.vision.page import Page
from agent.vision.turn import Turn

pytestmark = pytest.mark.slow

LINES = "31415 92653", "58979 32384", "62643 38327"
PAPER = 230


def write(lines: tuple[str, ...]) -> NDArray[np.uint8]:
    """Write lines of digits on paper."""
    rng = np.random.default_rng(3)
    handwriting = random_handwriting(rng)
    image = np.full((320, 460, 3), PAPER, np.uint8)
    for row, line in enumerate(lines):
        x = 30
        for character in line:
            if character != " ":
                ink = draw_digit(rng, int(character), 34, handwriting)
                subtract_ink(image, ink, x, 90 + 80 * row - ink.shape[0])
                x += ink.shape[1]
            x += 10
    return image


def turned(image: NDArray[np.uint8], angle_deg: float) -> NDArray[np.uint8]:
    """Turn a picture clockwise, on a larger sheet of the same paper."""
    h, w = image.shape[:2]
    inverse = cv2.bitwise_not(image)
    return np.asarray(cv2.bitwise_not(Turn(-angle_deg, w, h).turn_upright(np.asarray(inverse, np.uint8))), np.uint8)


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Return a reader with the shipped artifacts."""
    return Reader()


@pytest.fixture(scope="module")
def upright(reader: Reader) -> Page:
    return reader.read(write(LINES))


def test_an_upright_page_is_not_turned(upright: Page) -> None:
    assert upright.angle_deg == 0
    assert "".join(reading.text for reading in upright.readings) == "".join(LINES).replace(" ", "")


@pytest.mark.parametrize("angle_deg", [45, 90, 180, 270])
def test_a_turned_page_is_read_upright_and_its_boxes_lie_in_the_picture(
    reader: Reader, upright: Page, angle_deg: float
) -> None:
    picture = turned(write(LINES), angle_deg)
    page = reader.read(picture)
    assert page.angle_deg == pytest.approx(angle_deg, abs=5)
    assert [reading.text for reading in page.readings] == [reading.text for reading in upright.readings]
    turn = Turn(angle_deg, picture.shape[1], picture.shape[0])
    for before, now in zip(upright.digits, page.digits, strict=True):
        x, y = np.subtract(turn.to_upright(now.box).centre, (np.array(turn.size) - (460, 320)) / 2)
        assert (x, y) == pytest.approx(before.box.centre, abs=6)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("0", "0", "6", "0-", "0", "3", "0"), True),  # letters on their sides
        (("0", "0", "3", "5", "6"), False),  # marks, one below the other
        (("100", "200", "0", "500", "200"), False),
        ((), False),
    ],
)
def test_print_at_another_angle_is_known_by_its_single_zeros(texts: tuple[str, ...], *, expected: bool) -> None:
    box = Box(0, 0, 9, 12)
    digits = [tuple(Digit(int(character), 0.9, box) for character in text if character.isdigit()) for text in texts]
    readings = [Reading(text, box, 0.9, own) for text, own in zip(texts, digits, strict=True)]
    assert is_print(readings) is expected


def test_a_lone_number_upside_down_is_left_as_it_is(reader: Reader) -> None:
    assert reader.read(turned(write(("314",)), 180)).angle_deg == 0


def test_a_quick_look_does_not_turn_the_page() -> None:
    assert Reader(depth="quick").read(turned(write(LINES), 180)).angle_deg == 0
