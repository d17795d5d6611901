"""A reading does not depend on how its picture was taken: padding, size, light, JPEG; boxes move with the picture."""

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

if TYPE_CHECKING:
    from tests.agent.conftest import Note

Picture = NDArray[np.uint8]
OVERLAP = 0.7
"""A box that was moved with its picture overlaps the one that is found there by this much (IoU)."""


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Reads with what ships."""
    return Reader()


@pytest.fixture(scope="module")
def still(reader: Reader, note: Note) -> Page:
    """The note, read as it is."""
    return reader.read(note.image)


def is_same(page: Page, still: Page, scale: float = 1.0, right: int = 0, down: int = 0) -> bool:
    """Whether a page has the same readings, with boxes where the picture's change has put them."""
    if [reading.text for reading in page.readings] != [reading.text for reading in still.readings]:
        return False
    pairs = zip(page.digits, still.digits, strict=True)
    return all(_moved(before.box, scale, right, down).iou(now.box) >= OVERLAP for now, before in pairs)


def _moved(box: Box, scale: float, right: int, down: int) -> Box:
    x, y, w, h = (round(side * scale) for side in box)
    return Box(x + right, y + down, w, h)


@settings(max_examples=8, deadline=None)
@given(st.tuples(*[st.integers(0, 200)] * 4))
def test_padding(reader: Reader, note: Note, still: Page, sides: tuple[int, int, int, int]) -> None:
    top, bottom, left, right = sides
    paper = tuple(float(v) for v in np.median(note.image, axis=(0, 1)))
    padded = cv2.copyMakeBorder(note.image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=paper)
    assert is_same(reader.read(np.asarray(padded, np.uint8)), still, right=left, down=top)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.5, 2.0))
def test_size(reader: Reader, note: Note, still: Page, scale: float) -> None:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(note.image, None, fx=scale, fy=scale, interpolation=method)
    assert is_same(reader.read(np.asarray(scaled, np.uint8)), still, scale=scale)


@settings(max_examples=8, deadline=None)
@given(st.integers(-60, 30))
def test_brightness(reader: Reader, note: Note, still: Page, shift: int) -> None:
    shifted = np.clip(note.image.astype(np.int16) + shift, 0, 255).astype(np.uint8)
    assert is_same(reader.read(shifted), still)


def test_jpeg(reader: Reader, note: Note, still: Page) -> None:
    _, packed = cv2.imencode(".jpg", note.image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert is_same(reader.read(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)), still)


def test_light_on_dark(reader: Reader, note: Note, still: Page) -> None:
    assert is_same(reader.read(np.asarray(255 - note.image, np.uint8)), still)
