"""Faint writing beside darker ink: pencil between printed lines, and on a sheet on a dark table."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.binarize import binarize
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.faint import find_faint_ink, rescale_to_writing, without_rings
from agent.vision.ink import find_ink
from agent.vision.pipeline import DARK_LINES_FACTOR

PENCIL = (185, 185, 185)


def field() -> NDArray[np.uint8]:
    """A blank field of a form, BGR."""
    return np.full((60, 300, 3), 230, np.uint8)


@pytest.mark.parametrize("pencil", [120, 180, 200])
def test_pencil_between_dark_borders_is_rescaled(pencil: int) -> None:
    picture = field()
    cv2.putText(picture, "362", (60, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (pencil,) * 3, 2, cv2.LINE_AA)
    written = (picture[..., 0] < (230 + pencil) / 2).astype(np.uint8)
    cv2.rectangle(picture, (20, 8), (310, 55), (10, 10, 10), 2)
    ink = find_ink(picture, 1600)
    rescaled = rescale_to_writing(ink, binarize(ink, DARK_LINES_FACTOR))
    mask = binarize(rescaled, 0.7).written.mask
    assert mask[cv2.resize(written, mask.shape[::-1]) > 0].mean() > 0.9


def test_a_picture_without_lines_keeps_its_ink() -> None:
    picture = field()
    cv2.putText(picture, "362", (60, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (60, 60, 60), 2, cv2.LINE_AA)
    ink = find_ink(picture, 1600)
    assert rescale_to_writing(ink, binarize(ink, DARK_LINES_FACTOR)) is ink


def sheet_on_a_dark_table(pencil: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    """A light sheet on a dark table, BGR, with two numbers in this colour; None leaves it blank."""
    picture = np.full((600, 800, 3), 60, np.uint8)
    picture[60:540, 60:740] = 210
    for x, text in zip((120, 400), ("3062", "7481"), strict=True):
        if pencil:
            cv2.putText(picture, text, (x, 320), cv2.FONT_HERSHEY_SIMPLEX, 2.5, pencil, 4, cv2.LINE_AA)
    grain = np.random.default_rng(0).normal(0, 1, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("pencil", [(175, 175, 175), PENCIL, (210, 183, 178)])
def test_pencil_on_a_sheet_on_a_dark_table_is_found(pencil: tuple[int, int, int]) -> None:
    picture = sheet_on_a_dark_table(pencil)
    written = cv2.absdiff(picture, sheet_on_a_dark_table(None)).max(axis=2) > 20
    ink = find_ink(picture, 800)
    assert not binarize(ink, 0.7).mask[written].any(), "the pencil is too faint beside the table"
    faint = find_faint_ink(ink)
    assert faint is not None
    assert binarize(faint, 0.9).mask[written].mean() > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_jpeg_blocks_on_bare_paper_are_not_writing(seed: int) -> None:
    uneven = np.random.default_rng(seed).normal(0, 5, (15, 20)).astype(np.float32)
    picture = sheet_on_a_dark_table(None) + cv2.resize(uneven, (800, 600), interpolation=cv2.INTER_CUBIC)[..., None]
    coded = cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    assert find_faint_ink(find_ink(decoded, 800)) is None


@pytest.mark.parametrize(
    ("digit", "height", "dark_heights", "is_kept"),
    [(0, 150, (60, 70, 70), False), (0, 80, (60, 70, 70), True), (6, 150, (60, 70, 70), True), (0, 150, (), True)],
)
def test_a_faint_0_much_higher_than_the_dark_digits_is_a_ring(
    digit: int, height: int, dark_heights: tuple[int, ...], *, is_kept: bool
) -> None:
    faint = Digit(digit, 0.99, Box(400, 20, height, height))
    dark = [Digit(3, 0.99, Box(60 * number, 200, 40, h)) for number, h in enumerate(dark_heights)]
    assert without_rings([faint], dark) == ([faint] if is_kept else [])


def test_a_smear_wider_than_a_stroke_is_removed() -> None:
    picture = sheet_on_a_dark_table(PENCIL)
    cv2.rectangle(picture, (200, 400), (600, 460), PENCIL, cv2.FILLED)
    faint = find_faint_ink(find_ink(picture, 800))
    assert faint is not None
    mask = binarize(faint, 0.9).mask
    assert mask[260:330, 120:320].any()
    assert not mask[405:455, 205:595].any()


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(sheet_on_a_dark_table(None), id="blank"),
        pytest.param(sheet_on_a_dark_table((60, 60, 60)), id="as-dark-as-the-table"),
    ],
)
def test_a_picture_without_faint_writing_has_no_faint_ink(picture: NDArray[np.uint8]) -> None:
    assert find_faint_ink(find_ink(picture, 800)) is None
