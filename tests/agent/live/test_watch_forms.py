"""A mounted camera at 10 frames per second, in front of which sheets are laid; a real reader reads them."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent import Reader
from agent.capture.source import Frame
from agent.forms.locate import FormFinder
from agent.forms.record import Record
from agent.live.watch import ReadPicture, watch_region
from agent.live.watch_forms import SAME_SHEET_S, SETTLE_S, FormWatch, watch_form_pictures
from agent.vision.box import Box
from agent.vision.page import Page
from agent.vision.pipeline import Depth
from tests.agent.forms.sheets import DESK_BGR, FILLED, delivery_note, filled_in, photograph

FORM = delivery_note()
SIZE = (1000, 750)
DESK = np.full((SIZE[1], SIZE[0], 3), DESK_BGR, np.uint8)
SHEET = photograph(filled_in(FORM, FILLED), SIZE)
AGAIN = photograph(filled_in(FORM, FILLED, seed=4), SIZE)
MOVED = photograph(filled_in(FORM, FILLED), SIZE, angle_deg=12, tilt_deg=10)
WRONG_SUM = photograph(filled_in(FORM, {**FILLED, "total": "777"}), SIZE)
BLANK = photograph(filled_in(FORM, {}), SIZE)
FRAME_S = 0.1
NOISE = np.random.default_rng(5).normal(0, 2, (4, SIZE[1], SIZE[0], 3)).astype(np.int8)
"""Noise of the camera, in grey levels."""


@pytest.fixture(scope="module")
def read() -> ReadPicture:
    reader = Reader()

    def read_picture(image: NDArray[np.uint8], *, depth: Depth) -> Page:
        return reader.read(image)

    return read_picture


@pytest.fixture
def watch(read: ReadPicture) -> FormWatch:
    return FormWatch([FormFinder(FORM)], read)


def sliding(image: NDArray[np.uint8], frames: int) -> Iterator[NDArray[np.uint8]]:
    """Yield a picture that comes from the right."""
    for number in range(frames):
        shown, moved = DESK.copy(), round(SIZE[0] * (1 - number / frames))
        shown[:, moved:] = image[:, : SIZE[0] - moved]
        yield shown


def run(watch: FormWatch, *scenes: tuple[NDArray[np.uint8], float]) -> list[tuple[float, Record]]:
    """Show each picture for a time in seconds, after it came in half a second; return each record with its time."""
    now, records = 0, []
    for image, seconds in scenes:
        for shown in (*sliding(image, 5), *[image] * round(seconds / FRAME_S)):
            noisy = np.asarray(cv2.add(shown, NOISE[now % len(NOISE)], dtype=cv2.CV_8U), np.uint8)
            seen = watch(Frame(noisy, round(1e9 * FRAME_S * now), now, "camera"))
            records += [(FRAME_S * now, record) for record in seen.records]
            now += 1
    return records


def texts(record: Record) -> dict[str, str]:
    return {field.name: field.text for field in record.fields if field.text}


def test_each_sheet_is_recorded_once_even_with_equal_values(watch: FormWatch) -> None:
    (first, one), (second, other) = run(watch, (SHEET, 4), (DESK, 1), (AGAIN, 4), (DESK, 1))
    assert texts(one) == texts(other) == FILLED
    assert 0.5 < first < 0.5 + 1.5
    assert 6.5 < second < 6.5 + 1.5


def test_the_same_sheet_is_another_record_only_after_a_time(watch: FormWatch) -> None:
    assert len(run(watch, (SHEET, 2), (DESK, 1), (MOVED, 2), (DESK, 1), (SHEET, 1))) == 1
    later_ns = round(1e9 * (20 + SAME_SHEET_S))
    seen = [watch(Frame(MOVED, later_ns + number * 10**8, number, "camera")) for number in range(8)]
    assert sum(len(one.records) for one in seen) == 1


def test_values_to_check_are_recorded_after_the_sheet_has_settled(watch: FormWatch) -> None:
    ((at_s, record),) = run(watch, (WRONG_SUM, 3))
    assert record["total"].broken
    assert at_s == pytest.approx(0.5 + SETTLE_S, abs=0.2)


def test_a_hand_that_lays_the_sheet_down_does_not_spoil_its_record(watch: FormWatch) -> None:
    held = SHEET.copy()
    held[150:420, 330:600] = (110, 150, 205)
    images = [held] * 7 + [SHEET] * 20 + [DESK] * 5
    seen = [watch(Frame(image, number * 10**8, number, "camera")) for number, image in enumerate(images)]
    assert [texts(record) for one in seen for record in one.records] == [FILLED]


def test_a_blank_sheet_and_an_empty_desk_are_no_record_and_say_so(watch: FormWatch) -> None:
    assert run(watch, (BLANK, 3), (DESK, 3)) == []
    assert watch(Frame(DESK, 10**11, 200, "camera")).form_note == "the form delivery is not in the picture"


def test_a_sheet_that_moves_in_every_frame_of_a_shaking_light_is_recorded(watch: FormWatch) -> None:
    """Something beside the sheet moves all the time; the sheet itself lies still."""
    records: list[Record] = []
    for number in range(40):
        image = SHEET.copy()
        image[:, : 10 + 5 * (number % 4)] = 255 * (number % 2)
        records += watch(Frame(image, round(1e9 * FRAME_S * number), number, "camera")).records
    assert [texts(record) for record in records] == [FILLED]


def test_corners_stay_in_pixels_of_the_whole_frame(watch: FormWatch, read: ReadPicture) -> None:
    wide = np.full((800, 1200, 3), DESK_BGR, np.uint8)
    wide[40:790, 150:1150] = SHEET
    whole = FormWatch([FormFinder(FORM)], read, still_s=0)(Frame(wide, 0, 0, "camera")).records[0]
    inside = watch_region(FormWatch([FormFinder(FORM)], read, still_s=0))
    part = inside(Frame(wide, 0, 0, "camera", region=Box(100, 20, 1090, 770))).records[0]
    assert np.allclose(whole["total"].corners, part["total"].corners, atol=1.5)


def test_rare_looks_record_a_sheet_once(read: ReadPicture) -> None:
    rare = FormWatch([FormFinder(FORM)], read, still_s=0)
    images = (DESK, SHEET, SHEET, DESK, AGAIN, DESK)
    seen = [rare(Frame(image, 20 * 10**9 * number, number, "camera")) for number, image in enumerate(images)]
    assert [len(one.records) for one in seen] == [0, 1, 0, 0, 1, 0]


def test_each_picture_is_a_sheet_of_its_own(read: ReadPicture) -> None:
    warnings: list[str] = []
    watch = watch_form_pictures([FormFinder(FORM)], read, warnings.append)
    seen = [watch(Frame(image, 0, number, f"{number}.jpg")) for number, image in enumerate((SHEET, SHEET, DESK))]
    assert [len(one.records) for one in seen] == [1, 1, 0]
    assert warnings == [
        "2.jpg: the form delivery is not in the picture; check that it is sharp, lit and wholly in the picture"
    ]
