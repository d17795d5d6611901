"""Takes of real pictures: other pictures of the same digits, the same ones for the same scenes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.vision.box import Box
from agent.vision.digits import NOT_A_DIGIT
from converters.data.harvest import harvest_glyphs
from converters.data.scenes import Scene
from converters.data.takes import take, takes


@pytest.fixture(scope="module")
def written() -> Scene:
    """A row of digits on grey paper, boxes tight around them, and a printed one to ignore."""
    image = np.full((90, 460, 3), 190, np.uint8)
    boxes = []
    for number, label in enumerate("3141592"):
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.putText(mask, label, (14 + 62 * number, 66), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 255, 4, cv2.LINE_AA)
        image[mask > 0] = 40
        boxes.append(Box(*cv2.boundingRect(mask)))
    return Scene(image, tuple(zip(map(int, "314159"), boxes[:-1], strict=True)), (boxes[-1],))


def test_the_first_take_is_the_picture_itself_and_all_of_them_come_again(written: Scene) -> None:
    once, again = list(takes([written, written], 3)), list(takes([written, written], 3))
    assert [scene is written for scene in once] == [True, False, False, True, False, False]
    assert all(np.array_equal(a.image, b.image) and a.digits == b.digits for a, b in zip(once, again, strict=True))
    assert once[1].image.shape != once[4].image.shape, "each picture is taken in ways of its own"


@pytest.mark.parametrize("seed", range(12))
def test_boxes_move_with_their_digits(written: Scene, seed: int) -> None:
    taken = take(np.random.default_rng(seed), written)
    h, w = taken.image.shape[:2]
    assert [label for label, _ in taken.digits] == [label for label, _ in written.digits]
    assert len(taken.ignored) == 1
    assert all(b.x >= 0 and b.y >= 0 and b.right <= w and b.bottom <= h for _, b in taken.digits)
    labels = harvest_glyphs([taken]).labels
    assert set(labels[labels != NOT_A_DIGIT].tolist()) == {1, 3, 4, 5, 9}, "the segmenter finds them where they are"
