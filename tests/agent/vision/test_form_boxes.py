"""Form boxes are removed, and the digits in them are kept, even if they touch their box."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.components import find_components
from agent.vision.form_boxes import remove_form_boxes

Mask = NDArray[np.uint8]


def empty_mask() -> Mask:
    return np.zeros((120, 400), np.uint8)


def one_box(mask: Mask) -> None:
    cv2.rectangle(mask, (60, 30), (100, 85), 1, 2)


def boxes_in_a_row(mask: Mask) -> None:
    for x in range(60, 260, 40):
        cv2.rectangle(mask, (x, 30), (x + 40, 85), 1, 2)


def leaning_box(mask: Mask) -> None:
    corners = np.array([(60, 30), (100, 33), (98, 87), (58, 84)], np.int32)
    cv2.polylines(mask, [corners], True, 1, 2)


@pytest.mark.parametrize("draw", [one_box, boxes_in_a_row, leaning_box])
@pytest.mark.parametrize("left", [pytest.param(69, id="inside"), pytest.param(60, id="touching")])
def test_boxes_are_removed_and_the_digit_in_them_is_kept(draw: object, left: int) -> None:
    box, digit = empty_mask(), empty_mask()
    assert callable(draw)
    draw(box)
    cv2.putText(digit, "5", (left, 72), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 1, 3)
    kept = remove_form_boxes(find_components(box | digit)).mask
    assert kept[digit > 0].mean() > 0.9
    assert kept[(box > 0) & (cv2.dilate(digit, np.ones((9, 9), np.uint8)) == 0)].mean() < 0.1


@pytest.mark.parametrize("text", ["0123456789", "DOBEH", "008"])
@pytest.mark.parametrize("scale", [0.7, 1.5])
def test_zeros_and_letters_are_not_boxes(text: str, scale: float) -> None:
    mask = empty_mask()
    cv2.putText(mask, text, (10, 80), cv2.FONT_HERSHEY_SIMPLEX, scale, 1, 3)
    components = find_components(mask)
    assert remove_form_boxes(components) is components


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(np.s_[:, :97], id="right"),
        pytest.param(np.s_[:, 64:], id="left"),
        pytest.param(np.s_[34:], id="top"),
        pytest.param(np.s_[:82], id="bottom"),
        pytest.param(np.s_[34:, :97], id="corner"),
    ],
)
def test_boxes_cut_off_at_the_edge_of_the_picture_are_removed(part: tuple[slice, ...]) -> None:
    box, digit = empty_mask(), empty_mask()
    one_box(box)
    cv2.putText(digit, "5", (69, 72), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 1, 3)
    kept = remove_form_boxes(find_components(np.ascontiguousarray((box | digit)[part]))).mask
    assert kept[digit[part] > 0].mean() > 0.9
    assert kept[box[part] > 0].mean() < 0.1


@pytest.mark.parametrize("text", [*"0123456789", "47", "11"])
@pytest.mark.parametrize("margin", [0, 4])
def test_digits_that_fill_the_picture_are_not_boxes(text: str, margin: int) -> None:
    mask = empty_mask()
    cv2.putText(mask, text, (10, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 1, 3)
    x, y, w, h = cv2.boundingRect(mask)
    components = find_components(np.ascontiguousarray(mask[y - margin : y + h, x : x + w + margin]))
    assert remove_form_boxes(components) is components
