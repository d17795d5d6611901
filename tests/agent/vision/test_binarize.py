"""What a mask shows, and pencil that darker ink would hide."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.binarize import beside_ink, beside_print, binarize
from agent.vision.candidates import find_page_candidates
from agent.vision.ink import find_ink


def field() -> NDArray[np.uint8]:
    return np.full((60, 300, 3), 230, np.uint8)


@pytest.mark.parametrize("pencil", [120, 180, 200])
def test_pencil_between_dark_borders_is_written(pencil: int) -> None:
    picture = field()
    cv2.putText(picture, "362", (60, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (pencil,) * 3, 2, cv2.LINE_AA)
    written = (picture[..., 0] < (230 + pencil) / 2).astype(np.uint8)
    cv2.rectangle(picture, (20, 8), (310, 55), (10, 10, 10), 2)
    ink = beside_print(find_ink(picture, 1600))
    shown = binarize(ink, 0.7).written.mask
    assert shown[cv2.resize(written, shown.shape[::-1]) > 0].mean() > 0.9


def test_a_picture_without_lines_keeps_its_ink() -> None:
    picture = field()
    cv2.putText(picture, "362", (60, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (60, 60, 60), 2, cv2.LINE_AA)
    ink = find_ink(picture, 1600)
    assert beside_print(ink) is ink


def test_a_dotted_line_is_no_grain() -> None:
    picture = field()
    cv2.putText(picture, "7", (60, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, (60, 60, 60), 2, cv2.LINE_AA)
    for x in range(20, 290, 6):
        cv2.circle(picture, (x, 50), 1, (60, 60, 60), cv2.FILLED)
    assert find_page_candidates(find_ink(picture, 1600), 0.7)


def test_grain_offers_nothing() -> None:
    picture = np.clip(np.random.default_rng(0).normal(200, 6, (120, 300, 1)), 0, 255).repeat(3, axis=2)
    assert not find_page_candidates(find_ink(picture.astype(np.uint8), 1600), 0.7)


def sheet_on_a_dark_table(pencil: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    picture = np.full((600, 800, 3), 60, np.uint8)
    picture[60:540, 60:740] = 210
    for x, text in zip((120, 400), ("3062", "7481"), strict=True):
        if pencil:
            cv2.putText(picture, text, (x, 320), cv2.FONT_HERSHEY_SIMPLEX, 2.5, pencil, 4, cv2.LINE_AA)
    grain = np.random.default_rng(0).normal(0, 1, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("pencil", [(175, 175, 175), (185, 185, 185), (210, 183, 178)])
def test_pencil_on_a_sheet_that_lies_on_a_dark_table_is_written(pencil: tuple[int, int, int]) -> None:
    picture = sheet_on_a_dark_table(pencil)
    written = cv2.absdiff(picture, sheet_on_a_dark_table(None)).max(axis=2) > 20
    ink = find_ink(picture, 800)
    assert not binarize(ink, 0.7).mask[written].any(), "beside so dark a table it is next to nothing"
    faint = beside_ink(ink)
    assert faint is not None
    assert binarize(faint, 0.9).mask[written].mean() > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_blocks_that_compression_makes_of_bare_paper_are_not_written(seed: int) -> None:
    uneven = np.random.default_rng(seed).normal(0, 5, (15, 20)).astype(np.float32)
    picture = sheet_on_a_dark_table(None) + cv2.resize(uneven, (800, 600), interpolation=cv2.INTER_CUBIC)[..., None]
    coded = cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    assert beside_ink(find_ink(decoded, 800)) is None


def test_a_smear_as_faint_as_pencil_is_too_wide_to_be_written() -> None:
    pencil = (185, 185, 185)
    picture = sheet_on_a_dark_table(pencil)
    cv2.rectangle(picture, (200, 400), (600, 460), pencil, cv2.FILLED)
    faint = beside_ink(find_ink(picture, 800))
    assert faint is not None
    mask = binarize(faint, 0.9).mask
    assert mask[260:330, 120:320].any()
    assert not mask[405:455, 205:595].any()


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(sheet_on_a_dark_table(None), id="nothing"),
        pytest.param(sheet_on_a_dark_table((60, 60, 60)), id="as-dark-as-the-table"),
    ],
)
def test_where_nothing_is_fainter_there_is_nothing_to_look_at_again(picture: NDArray[np.uint8]) -> None:
    assert beside_ink(find_ink(picture, 800)) is None
