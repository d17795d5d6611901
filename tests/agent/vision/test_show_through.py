"""What shows through from the back of the paper is not read, and faint writing on the front is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent import Reader
from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import subtract_ink
from agent.vision.page import Page

pytestmark = pytest.mark.slow

LINES = "3745", "9634", "7259"
PAPER = 230


def write(lines: tuple[str, ...], contrast: float) -> NDArray[np.uint8]:
    """Write lines of digits on paper; a contrast of 1 is black ink."""
    rng = np.random.default_rng(5)
    handwriting = random_handwriting(rng)
    image = np.full((320, 320, 3), PAPER, np.uint8)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            ink = draw_digit(rng, int(character), 34, handwriting)
            subtract_ink(image, (ink * contrast).astype(np.uint8), 40 + 65 * column, 90 + 80 * row - ink.shape[0])
    return image


def digits_of(page: Page) -> str:
    return "".join(str(digit.digit) for digit in page.digits)


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Return a reader with the shipped artifacts."""
    return Reader()


@pytest.mark.parametrize("contrast", [0.08, 0.12, 0.2])
def test_a_back_alone_is_not_read_and_faint_writing_is(reader: Reader, contrast: float) -> None:
    front = write(LINES, contrast)
    assert digits_of(reader.read(front)) == "".join(LINES)
    assert reader.read(np.ascontiguousarray(front[:, ::-1])).readings == ()


def test_the_back_is_not_read_beside_the_front(reader: Reader) -> None:
    back = write(LINES, 0.1)[:, ::-1]
    front = write(("", "", "8035"), 1.0)
    both = np.ascontiguousarray(np.minimum(front, np.roll(back, 28, axis=0)))
    assert digits_of(reader.read(both)) == "8035"
