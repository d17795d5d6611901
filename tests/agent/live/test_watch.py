from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.source import Frame
from agent.events import TRACK
from agent.live.watch import VideoWatch, watch_region, watch_stills
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import group_lines
from agent.vision.page import Page
from agent.vision.pipeline import QUICK, THOROUGH, Depth

FRAME_MS = 100.0
READ_MS = {QUICK: 20, THOROUGH: 100}


class SquareReader:
    """A reader of black squares as sevens; it records the depths, and advances its clock."""

    def __init__(self) -> None:
        self.depths: list[Depth] = []
        self.now_ns = 0

    def __call__(self, image: NDArray[np.uint8], *, depth: Depth) -> Page:
        self.depths.append(depth)
        self.now_ns += 1_000_000 * READ_MS[depth]
        dark = (image[:, :, 0] < 100).astype(np.uint8)
        boxes = [Box(*map(int, row[:4])) for row in cv2.connectedComponentsWithStats(dark)[2][1:]]
        digits = tuple(Digit(7, 0.9, box) for box in boxes)
        return Page(image.shape[1], image.shape[0], digits, group_lines(digits), {"ink": 1.0})


def frame(number: int, x: int = 200, squares: int = 2) -> Frame:
    image = np.full((480, 640, 3), 220, np.uint8)
    for i in range(squares):
        cv2.rectangle(image, (x + 40 * i, 200), (x + 40 * i + 25, 240), (20, 20, 20), -1)
    return Frame(image, number * 50_000_000, number, "squares")


def test_stills_get_thorough_looks_and_all_their_readings_are_announced() -> None:
    read = SquareReader()
    watch = watch_stills(read)
    observations = [watch(frame(number)) for number in range(2)]
    assert [[reading.text for reading in observation.announced] for observation in observations] == [["77"], ["77"]]
    assert read.depths == [THOROUGH, THOROUGH]
    assert not any(observation.unchanged for observation in observations)


def test_a_resting_video_gets_one_look_and_is_still_announced_and_shown() -> None:
    read = SquareReader()
    watch = VideoWatch(read, FRAME_MS, clock_ns=lambda: read.now_ns)
    observations = [watch(frame(number)) for number in range(40)]
    assert read.depths == [THOROUGH]
    assert [observation.unchanged for observation in observations] == [False] + [True] * 39
    assert [reading.text for observation in observations for reading in observation.announced] == ["77"]
    assert all(observation.page.readings[0].text == "77" for observation in observations)


def test_a_moving_video_gets_few_looks_and_is_announced_once() -> None:
    read = SquareReader()
    watch = VideoWatch(read, FRAME_MS, clock_ns=lambda: read.now_ns)
    observations = [watch(frame(number, x=200 + 5 * number)) for number in range(40)]
    assert read.depths.count(THOROUGH) == 2
    assert len(read.depths) == 14
    assert [reading.text for observation in observations for reading in observation.announced] == ["77"]
    x = [observation.page.digits[0].box.x for observation in observations]
    assert x == pytest.approx([200 + 5 * number for number in range(40)], abs=2)


def test_a_swaying_page_without_news_gets_few_thorough_looks() -> None:
    read = SquareReader()
    watch = VideoWatch(read, FRAME_MS, clock_ns=lambda: read.now_ns)
    for number in range(160):
        watch(frame(number, x=200 + 5 * (number % 4)))
    assert read.depths.count(THOROUGH) == 5  # when it came, with its announcement, and every two seconds
    for number in range(160, 200):
        watch(frame(number, x=200 + 5 * (number % 4), squares=3))
    assert read.depths.count(THOROUGH) == 6  # and one for the new digit


def test_a_swaying_page_without_digits_gets_a_thorough_look_each_second() -> None:
    read = SquareReader()
    watch = VideoWatch(read, FRAME_MS, clock_ns=lambda: read.now_ns)
    for number in range(100):
        moving = frame(number, x=200 + 5 * (number % 4))
        watch(replace(moving, image=np.where(moving.image < 100, 120, moving.image).astype(np.uint8)))
    assert read.depths.count(THOROUGH) == 5


def test_a_digit_that_appears_while_the_page_moves_is_shown_within_a_look_period() -> None:
    watch = VideoWatch(SquareReader(), FRAME_MS)
    for number in range(8):
        watch(frame(number, x=200 + 3 * number))
    shown = [len(watch(frame(number, x=200 + 3 * number, squares=3)).page.digits) for number in range(8, 12)]
    assert shown[2:] == [3, 3]


def test_what_is_shown_of_a_page_that_moves_out_of_view_lies_in_the_picture() -> None:
    watch = VideoWatch(SquareReader(), FRAME_MS)
    pages = [watch(frame(number, x=120 - 9 * number)).page for number in range(18)]
    boxes = [digit.box for page in pages for digit in page.digits]
    assert len(pages[0].digits) == 2
    assert min(box.x for box in boxes) >= 0


def test_a_digit_that_is_missed_in_one_look_is_still_shown() -> None:
    read = SquareReader()
    watch = VideoWatch(read, FRAME_MS)
    for number in range(8):
        watch(frame(number, x=200 + 5 * number))
    assert [reading.text for reading in watch(frame(8, x=240, squares=1)).page.readings] == ["77"]


@pytest.mark.parametrize(("frames_per_s", "announced_at"), [(1, 3), (5, 5), (20, 20), (30, 30)])
def test_the_time_within_a_recording_counts_not_the_time_of_reading_it(frames_per_s: int, announced_at: int) -> None:
    """A number stays for a second and at least four looks."""
    watch = VideoWatch(SquareReader(), FRAME_MS)
    frames = [replace(frame(n, x=100 + 3 * n), captured_ns=0, recorded_s=n / frames_per_s) for n in range(60)]
    assert [recorded.number for recorded in frames if watch(recorded).announced] == [announced_at]


def test_the_time_of_tracking_excludes_reading() -> None:
    read = SquareReader()
    watch = VideoWatch(read, FRAME_MS, clock_ns=lambda: read.now_ns)
    assert watch(frame(0)).page.stage_ms == {"ink": 1.0, TRACK: 0.0}


def test_a_forced_look_at_a_resting_video_announces_nothing_again() -> None:
    read = SquareReader()
    watch = VideoWatch(read, FRAME_MS, clock_ns=lambda: read.now_ns)
    before = [watch(frame(number)) for number in range(20)]
    watch.force_look()
    after = [watch(frame(number)) for number in range(20, 40)]
    assert read.depths == [THOROUGH, THOROUGH]
    assert [reading.text for observation in (*before, *after) for reading in observation.announced] == ["77"]
    assert not after[0].unchanged


def test_of_a_region_only_the_inside_is_read_and_boxes_stay_in_pixels_of_the_frame() -> None:
    watch = watch_region(watch_stills(SquareReader()))
    observation = watch(replace(frame(0), region=Box(230, 100, 410, 380)))
    assert (observation.page.width, observation.page.height) == (640, 480)
    assert [digit.box for digit in observation.page.digits] == [Box(240, 200, 26, 41)]
    assert [reading.box for reading in observation.announced] == [Box(240, 200, 26, 41)]
