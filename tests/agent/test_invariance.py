"""Readings do not change with padding, size, brightness, JPEG or polarity of the picture; boxes move with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent import Reader
from agent.vision.box import Box
from agent.vision.page import Page

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from tests.agent.conftest import Note

Picture = NDArray[np.uint8]
MIN_IOU = 0.7
"""Smallest IoU of a box in a changed picture and the original box, moved in the same way."""


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Return a reader with the shipped artifacts."""
    return Reader()


@pytest.fixture(scope="module")
def original(reader: Reader, note: Note) -> Page:
    """Return the page of the unchanged note."""
    return reader.read(note.image)


def is_same(page: Page, original: Page, scale: float = 1.0, right: int = 0, down: int = 0) -> bool:
    """Return whether a page has the readings of the original page, with boxes that moved with the picture."""
    if [reading.text for reading in page.readings] != [reading.text for reading in original.readings]:
        return False
    pairs = zip(page.digits, original.digits, strict=True)
    return all(_moved(before.box, scale, right, down).iou(now.box) >= MIN_IOU for now, before in pairs)


def _moved(box: Box, scale: float, right: int, down: int) -> Box:
    x, y, w, h = (round(side * scale) for side in box)
    return Box(x + right, y + down, w, h)


@pytest.mark.slow
@settings(max_examples=8)
@given(st.tuples(*[st.integers(0, 200)] * 4))
def test_padding_keeps_the_readings(
    reader: Reader, note: Note, original: Page, sides: tuple[int, int, int, int]
) -> None:
    top, bottom, left, right = sides
    paper = tuple(float(v) for v in np.median(note.image, axis=(0, 1)))
    padded = cv2.copyMakeBorder(note.image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=paper)
    assert is_same(reader.read(np.asarray(padded, np.uint8)), original, right=left, down=top)


@pytest.mark.slow
@settings(max_examples=8)
@given(st.floats(0.5, 2.0))
def test_scaling_keeps_the_readings(reader: Reader, note: Note, original: Page, scale: float) -> None:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(note.image, None, fx=scale, fy=scale, interpolation=method)
    assert is_same(reader.read(np.asarray(scaled, np.uint8)), original, scale=scale)


@settings(max_examples=8)
@given(st.integers(-60, 30))
def test_brightness_keeps_the_readings(reader: Reader, note: Note, original: Page, shift: int) -> None:
    shifted = np.clip(note.image.astype(np.int16) + shift, 0, 255).astype(np.uint8)
    assert is_same(reader.read(shifted), original)


def test_jpeg_keeps_the_readings(reader: Reader, note: Note, original: Page) -> None:
    _, encoded = cv2.imencode(".jpg", note.image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert is_same(reader.read(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)), original)


def test_inversion_keeps_the_readings(reader: Reader, note: Note, original: Page) -> None:
    assert is_same(reader.read(np.asarray(255 - note.image, np.uint8)), original)
