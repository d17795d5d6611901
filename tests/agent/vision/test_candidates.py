"""What may be a digit: whole components, parts of wide ones, neighbours together."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import (
    MOST_CANDIDATES,
    beside_ink,
    beside_print,
    find_candidates,
    find_page_candidates,
    find_strokes,
)
from agent.vision.components import cut_out, find_components
from agent.vision.ink import find_ink


def mask() -> NDArray[np.uint8]:
    return np.zeros((100, 300), np.uint8)


def boxes(drawn: NDArray[np.uint8]) -> list[Box]:
    return [c.box for c in find_candidates(cut_out(find_components(drawn), 9), 9)]


def near(found: list[Box], box: Box) -> bool:
    return any(b.overlap(box) > 0.8 for b in found)


def test_a_component_is_a_candidate_with_a_tight_box() -> None:
    drawn = mask()
    cv2.rectangle(drawn, (50, 20), (69, 59), 1, cv2.FILLED)
    assert boxes(drawn) == [Box(50, 20, 20, 40)]


def test_a_five_whose_hat_stands_apart_is_offered_whole() -> None:
    drawn = mask()
    cv2.line(drawn, (52, 18), (80, 18), 1, 3)
    cv2.ellipse(drawn, (62, 45), (16, 18), 0, -90, 150, 1, 3)
    whole = Box(*cv2.boundingRect(drawn))
    assert near(boxes(drawn), whole)


def test_digits_that_touch_are_offered_one_by_one() -> None:
    drawn = mask()
    cv2.ellipse(drawn, (60, 50), (20, 30), 0, 0, 360, 1, 4)
    cv2.ellipse(drawn, (105, 50), (20, 30), 0, 0, 360, 1, 4)
    cv2.line(drawn, (78, 60), (88, 60), 1, 4)
    found = boxes(drawn)
    assert near(found, Box(38, 18, 44, 64))
    assert near(found, Box(83, 18, 44, 64))


@pytest.mark.parametrize("size_px", [1, 4, 8])
def test_specks_are_left_out(size_px: int) -> None:
    drawn = mask()
    drawn[10 : 10 + size_px, 10 : 10 + size_px] = 1
    assert boxes(drawn) == []


def test_a_page_of_words_is_bounded_and_digits_among_them_are_offered_first() -> None:
    drawn = np.zeros((1200, 1600), np.uint8)
    for y in range(20, 1100, 24):
        for x in range(10, 1500, 70):
            cv2.line(drawn, (x, y + 8), (x + 60, y + 8), 1, 2)
            for dx in range(0, 61, 6):
                cv2.line(drawn, (x + dx, y), (x + dx, y + 16), 1, 2)
    cv2.rectangle(drawn, (800, 1130), (824, 1170), 1, 3)
    found = find_candidates(cut_out(find_components(drawn), 9), 9)
    assert MOST_CANDIDATES / 2 < len(found) <= MOST_CANDIDATES
    assert near([c.box for c in found], Box(799, 1129, 27, 43))


def field() -> NDArray[np.uint8]:
    return np.full((60, 300, 3), 230, np.uint8)


@pytest.mark.parametrize("pencil", [120, 180, 200])
def test_pencil_between_dark_borders_is_written(pencil: int) -> None:
    picture = field()
    cv2.putText(picture, "362", (60, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (pencil,) * 3, 2, cv2.LINE_AA)
    written = (picture[..., 0] < (230 + pencil) / 2).astype(np.uint8)
    cv2.rectangle(picture, (20, 8), (310, 55), (10, 10, 10), 2)
    ink = beside_print(find_ink(picture, 1600))
    shown = find_strokes(ink, 0.7).written.mask
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


@pytest.mark.parametrize("pencil", [(150, 150, 150), (165, 165, 165), (210, 175, 170)])
def test_pencil_on_a_sheet_that_lies_on_a_dark_table_is_written(pencil: tuple[int, int, int]) -> None:
    picture = sheet_on_a_dark_table(pencil)
    written = cv2.absdiff(picture, sheet_on_a_dark_table(None)).max(axis=2) > 20
    faint = beside_ink(find_ink(picture, 800))
    assert faint is not None
    assert find_strokes(faint, 0.9).mask[written].mean() > 0.9


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(sheet_on_a_dark_table(None), id="nothing"),
        pytest.param(sheet_on_a_dark_table((60, 60, 60)), id="as-dark-as-the-table"),
    ],
)
def test_where_nothing_is_fainter_there_is_nothing_to_look_at_again(picture: NDArray[np.uint8]) -> None:
    assert beside_ink(find_ink(picture, 800)) is None
