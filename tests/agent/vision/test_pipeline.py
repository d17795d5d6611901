"""Pictures are read from beginning to end, with a simple net instead of the artifacts."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.digits import CLASSES, NOT_A_DIGIT
from agent.vision.glyph import normalise
from agent.vision.page import STAGES
from agent.vision.pipeline import QUICK, THOROUGH, Depth, read_page

FONT = cv2.FONT_HERSHEY_SIMPLEX


def printed_shape(digit: str) -> NDArray[np.uint8]:
    """Return the ink of a printed digit, cropped to the ink; it depends on the version of OpenCV."""
    canvas = np.zeros((120, 120), np.uint8)
    cv2.putText(canvas, digit, (20, 90), FONT, 3, 255, 9, cv2.LINE_AA)
    x, y, w, h = cv2.boundingRect(canvas)
    return canvas[y : y + h, x : x + w]


def print_number(image: NDArray[np.uint8], text: str, at: tuple[int, int], scale: float) -> None:
    """Print digits that are 22 pixels high at scale 1; `at` is their lower left corner."""
    x, y = at
    for digit in text:
        ink = printed_shape(digit)
        size = max(1, round(ink.shape[1] * 22 * scale / ink.shape[0])), round(22 * scale)
        ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)
        image[y - size[1] : y, x : x + size[0]] = 215 - (ink[..., None] * 0.7).astype(np.uint8)
        x += size[0] + round(6 * scale)


def blurred(glyph: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a blurred glyph, which changes little if it is shifted by a pixel."""
    return np.asarray(cv2.GaussianBlur(glyph.astype(np.float32), (0, 0), 2), np.float32)


class NearestShape:
    """A net that compares a glyph with one printed shape of each digit: the nearest one wins unless all are far."""

    def __init__(self) -> None:
        self._shapes = np.stack([blurred(normalise(printed_shape(str(digit)))) for digit in range(10)])
        self.batches: list[int] = []

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(len(glyphs))
        inputs = np.array([blurred(glyph) for glyph in glyphs], np.float32).reshape(-1, 1, 28, 28)
        distance = np.abs(inputs - self._shapes).mean(axis=(2, 3))
        return np.hstack([-distance, np.full((len(glyphs), 1), -22.0)]).astype(np.float32)


@dataclass(frozen=True)
class Alone:
    """A classifier without a verifier."""

    classifier: NearestShape
    verifier: None = None
    recogniser: None = None


@pytest.mark.parametrize("depth", [QUICK, THOROUGH])
@pytest.mark.parametrize("scale", [0.8, 1.5, 3.0])
def test_numbers_are_read_line_by_line_at_any_size(depth: Depth, scale: float) -> None:
    image = np.full((round(160 * scale), round(330 * scale), 3), 215, np.uint8)
    print_number(image, "407", (round(20 * scale), round(60 * scale)), 1.5 * scale)
    print_number(image, "96", (round(200 * scale), round(60 * scale)), 1.5 * scale)
    print_number(image, "358", (round(20 * scale), round(130 * scale)), 1.5 * scale)
    net = NearestShape()
    page = read_page(image, Alone(net), depth)
    assert [reading.text for reading in page.readings] == ["407", "96", "358"]
    assert len(net.batches) == 1
    assert tuple(page.stage_ms) == STAGES
    assert (page.height, page.width) == image.shape[:2]


def test_boxes_are_tight_around_the_ink_in_pixels_of_the_picture() -> None:
    image = np.full((200, 300, 3), 215, np.uint8)
    print_number(image, "8", (100, 150), 3)
    (digit,) = read_page(image, Alone(NearestShape())).digits
    x, y, w, h = cv2.boundingRect((image[..., 0] < 140).astype(np.uint8))
    assert np.abs(np.subtract(digit.box, (x, y, w, h))).max() <= 2


def test_dark_and_light_ink_are_read_on_one_picture() -> None:
    image = np.full((240, 640, 3), 215, np.uint8)
    print_number(image, "47", (120, 160), 3)
    image[:, 320:] = 255 - image[:, :320]
    texts = [r.text for r in read_page(image, Alone(NearestShape())).readings]
    assert texts.count("47") == 2  # this simple net reads the edge between the halves as a 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (2, 3), (480, 640)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_empty_picture_has_no_digits(shape: tuple[int, int], grey: int) -> None:
    page = read_page(np.full((*shape, 3), grey, np.uint8), Alone(NearestShape()))
    assert page.digits == ()
    assert page.readings == ()


def test_the_classes_are_ten_digits_and_not_a_digit() -> None:
    assert NearestShape().logits(np.zeros((2, 28, 28), np.uint8)).shape == (2, CLASSES)
    assert NOT_A_DIGIT == CLASSES - 1
