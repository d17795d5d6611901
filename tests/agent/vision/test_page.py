"""A page is drawn on its picture, and shown as a table and as plain types."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Alternative, Reading
from agent.vision.overlay import READ_RGB
from agent.vision.page import Page
from profiles.errors import UsageError

DIGIT = Digit(7, 0.98765, Box(30, 40, 20, 30))
PAGE = Page(100, 100, (DIGIT,), (Reading("7", DIGIT.box, 0.98765, (DIGIT,)),), {})


@pytest.mark.parametrize("shape", [(100, 100), (100, 100, 3), (100, 100, 4)])
def test_a_drawing_is_a_copy_with_the_boxes(shape: tuple[int, ...]) -> None:
    image = np.full(shape, 255, np.uint8)
    drawing = PAGE.draw(image)
    assert (image == 255).all()
    assert drawing.shape == (100, 100, 3)
    assert drawing.dtype == np.uint8
    assert drawing[55, 30].tolist() == list(reversed(READ_RGB)), "the left side of the box"
    assert (drawing[56, 40] == 255).all(), "the inside of the box"


def test_labels_at_the_edge_stay_in_the_picture() -> None:
    digits = tuple(Digit(7, 0.9, Box(x, y, 1, 1)) for x in (0, 4) for y in (0, 4))
    page = Page(5, 5, digits, tuple(Reading("7", digit.box, 0.9, (digit,)) for digit in digits), {})
    assert page.draw(np.zeros((5, 5, 3), np.uint8)).shape == (5, 5, 3)


def test_a_drawing_needs_the_picture_that_was_read() -> None:
    with pytest.raises(UsageError, match="has 50×40 pixels, but the page has 100×100; pass the picture that was read"):
        PAGE.draw(np.zeros((40, 50, 3), np.uint8))


def test_plain_types_have_all_keys() -> None:
    digit = {"digit": 7, "probability": 0.9877, "box": [30, 40, 20, 30]}
    reading = {"text": "-7", "digits_text": "7", "box": [30, 40, 20, 30], "confidence": 0.9877, "digits": [digit]}
    reading["digits_confidence"] = 0.9927
    reading |= {"value": "-7.0", "value_note": "", "undecided": 0, "cut_by_edge": False}
    reading["alternatives"] = [{"text": "7", "probability": 0.005}, {"text": "-1", "probability": 0.0023}]
    others = Alternative("7", 0.005), Alternative("-1", 0.00234)
    signed = Reading("-7", DIGIT.box, 0.98765, (DIGIT,), others, Decimal("-7.0"), "")
    page = replace(PAGE, readings=(signed,))
    assert page.to_dict() == {"width": 100, "height": 100, "angle_deg": 0.0, "digits": [digit], "readings": [reading]}


def test_notebooks_show_a_table_with_escaped_text() -> None:
    html = Page(9, 9, (), (Reading("<7>", Box(1, 2, 3, 4), 0.5, ()),), {})._repr_html_()
    assert "<td>&lt;7&gt;</td><td>50%</td><td>1, 2</td><td>3 × 4</td>" in html
    assert html.startswith("<table>")
