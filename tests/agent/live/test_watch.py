from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.frame import Frame
from agent.events import TRACK
from agent.live.watch import FRAMES_PER_S, VideoWatch, watch_stills
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import group_lines
from agent.vision.page import Page
from agent.vision.pipeline import QUICK, THOROUGH, Depth

FRAME_MS = 100.0
READ_MS = {QUICK: 20, THOROUGH: 100}


class Squares:
    """A reader of black squares, which are sevens; it notes how it was asked to look, and takes its time."""

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


def test_stills_are_read_thoroughly_and_all_on_them_is_news() -> None:
    read = Squares()
    watch = watch_stills(read)
    seen = [watch(frame(number)) for number in range(2)]
    assert [[reading.text for reading in one.news] for one in seen] == [["77"], ["77"]]
    assert read.depths == [THOROUGH, THOROUGH]
    assert not any(one.unchanged for one in seen)


def test_a_video_that_rests_is_read_once_and_still_announced_and_shown() -> None:
    read = Squares()
    watch = VideoWatch(read, FRAME_MS, live=True, clock_ns=lambda: read.now_ns)
    seen = [watch(frame(number)) for number in range(40)]
    assert read.depths == [THOROUGH]
    assert [one.unchanged for one in seen] == [False] + [True] * 39
    assert [reading.text for one in seen for reading in one.news] == ["77"]
    assert all(one.page.readings[0].text == "77" for one in seen)


def test_a_video_that_moves_is_read_frame_by_frame_and_announced_once() -> None:
    read = Squares()
    watch = VideoWatch(read, FRAME_MS, live=True, clock_ns=lambda: read.now_ns)
    seen = [watch(frame(number, x=200 + 5 * number)) for number in range(40)]
    assert read.depths.count(THOROUGH) == 2
    assert len(read.depths) == 40
    assert [reading.text for one in seen for reading in one.news] == ["77"]
    assert [one.page.digits[0].box.x for one in seen] == [200 + 5 * number for number in range(40)]


def test_a_digit_that_is_missed_for_a_moment_is_still_shown() -> None:
    read = Squares()
    watch = VideoWatch(read, FRAME_MS, live=True)
    for number in range(8):
        watch(frame(number, x=200 + 5 * number))
    assert [reading.text for reading in watch(frame(8, x=240, squares=1)).page.readings] == ["77"]


def test_frames_of_a_source_that_is_not_live_count_as_if_they_came_at_their_pace() -> None:
    watch = VideoWatch(Squares(), FRAME_MS, live=False)
    said = [number for number in range(60) if watch(frame(number, x=100 + 3 * number)).news]
    assert said == [FRAMES_PER_S]


def test_following_is_timed_without_reading() -> None:
    read = Squares()
    watch = VideoWatch(read, FRAME_MS, live=True, clock_ns=lambda: read.now_ns)
    assert watch(frame(0)).page.stage_ms == {"ink": 1.0, TRACK: 0.0}


def test_what_rests_is_read_again_when_that_is_asked_for_and_is_no_news() -> None:
    read = Squares()
    watch = VideoWatch(read, FRAME_MS, live=True, clock_ns=lambda: read.now_ns)
    before = [watch(frame(number)) for number in range(20)]
    watch.force_look()
    after = [watch(frame(number)) for number in range(20, 40)]
    assert read.depths == [THOROUGH, THOROUGH]
    assert [reading.text for one in (*before, *after) for reading in one.news] == ["77"]
    assert not after[0].unchanged
