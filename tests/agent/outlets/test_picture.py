"""The picture of the camera for those who see no web page."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from agent.outlets.picture import CameraPicture
from agent.vision.overlay import READ_RGB
from tests.agent.outlets.feeding import frame, reading


@pytest.mark.parametrize(
    ("size", "shown"), [((480, 640), (480, 640)), ((1080, 1920), (360, 640)), ((1, 3000), (1, 640)), ((8, 8), (8, 8))]
)
def test_a_picture_is_a_jpeg_that_is_not_too_large(size: tuple[int, int], shown: tuple[int, int]) -> None:
    picture = CameraPicture(10.0, lambda: 0.0)
    picture.take(replace(frame(0), image=np.full((*size, 3), 200, np.uint8)))
    jpeg = picture()
    assert jpeg is not None
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (*shown, 3)


def test_a_picture_has_the_readings_on_it() -> None:
    picture, blank = CameraPicture(10.0, lambda: 0.0), np.full((120, 160, 3), 200, np.uint8)
    event = frame(0)
    picture.take(replace(event, image=blank, page=replace(event.page, readings=(reading("47"),))))
    decoded = cv2.imdecode(np.frombuffer(picture() or b"", np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert (np.abs(decoded.astype(int) - READ_RGB[::-1]).max(axis=2) < 40).sum() > 50
    assert blank.min() == 200, "the run's own frame stays as it is"


def test_a_picture_comes_once_in_a_period_and_only_of_a_new_frame() -> None:
    now_s = 0.0
    picture, event = CameraPicture(10.0, lambda: now_s), replace(frame(0), image=np.zeros((9, 9, 3), np.uint8))
    assert picture() is None
    picture.take(frame(0))
    assert picture() is None, "a frame without an image"
    picture.take(event)
    assert picture() is not None
    picture.take(event)
    now_s = 9.9
    assert picture() is None
    now_s = 10.0
    assert picture() is not None
    now_s = 30.0
    assert picture() is None, "nothing new"
