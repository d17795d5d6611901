"""From a frame to what is known after it: the page, and which of its readings are news.

There are two ways to watch. Each still is a picture of its own: it is looked at thoroughly, and all on it is news.
The frames of a video show the same page again and again: they are looked at as far as the budget allows, their digits
are followed, and a reading is news once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.capture.frame import Frame
from agent.events import TRACK
from agent.live.announce import Announcer
from agent.live.look_policy import LookPolicy
from agent.vision.box import Box
from agent.vision.lines import Reading, group_lines
from agent.vision.page import THOROUGH, Depth, Page
from agent.vision.track import Detections, Track
from agent.vision.tracker import Tracker


class ReadPicture(Protocol):
    """What reads a picture."""

    def __call__(self, image: NDArray[np.uint8], *, depth: Depth) -> Page:
        """Read a picture, BGR uint8 (H, W, 3), as thoroughly as asked."""
        ...


THOROUGH_WEIGHT = 3.0
"""What a thorough look's votes count, against a quick one's."""
NS_PER_MS = 1e6
FRAMES_PER_S = 20.0
"""Frames of a source that is not live come as fast as they are read; they are taken for this many a second."""


@dataclass(frozen=True)
class Observation:
    """What is known after a frame."""

    page: Page
    news: tuple[Reading, ...]
    unchanged: bool = False
    """The frame shows what was read before, and was not read again."""


Watch = Callable[[Frame], Observation]


def watch_stills(read: ReadPicture) -> Watch:
    """Watch pictures that have nothing to do with each other."""

    def watch(frame: Frame) -> Observation:
        page = read(frame.image, depth=THOROUGH)
        return Observation(page, page.readings)

    return watch


class VideoWatch:
    """Watches a video.

    Args:
        read: reads a picture.
        frame_ms: the board's budget for a frame.
        live: whether the frames' own time counts.
        clock_ns: what a look costs is read off it.
    """

    def __init__(
        self, read: ReadPicture, frame_ms: float, *, live: bool, clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._read, self._live, self._clock_ns = read, live, clock_ns
        self._gaze, self._tracker, self._announcer = LookPolicy(frame_ms), Tracker(), Announcer()
        self._tracks: tuple[Track, ...] = ()
        self._anew = False

    def look_anew(self) -> None:
        """Read the next frame even if it shows what was read before; any thread may ask for it."""
        self._anew = True

    def __call__(self, frame: Frame) -> Observation:
        """What is known after the next frame."""
        started_ns = self._clock_ns()
        if self._anew:
            self._anew = False
            self._gaze.forget()
        at_s = frame.captured_ns / 1e9 if self._live else frame.number / FRAMES_PER_S
        h, w = frame.image.shape[:2]
        depth = self._gaze.depth(frame.image, at_s)
        stage_ms, read_ms = dict[str, float](), 0.0
        if depth is not None:
            page, read_ms = self._look(frame.image, depth)
            stage_ms.update(page.stage_ms)
        news = self._announcer.news(self._tracks, w, h, at_s)
        shown = group_lines([track.digit for track in self._tracks if track.shown and _in_picture(track.box, w, h)])
        stage_ms[TRACK] = (self._clock_ns() - started_ns) / NS_PER_MS - read_ms
        digits = tuple(digit for reading in shown for digit in reading.digits)
        return Observation(Page(w, h, digits, shown, stage_ms), news, unchanged=depth is None)

    def _look(self, image: NDArray[np.uint8], depth: Depth) -> tuple[Page, float]:
        """Read a picture and follow its digits; what reading took, in ms."""
        started_ns = self._clock_ns()
        page = self._read(image, depth=depth)
        read_ms = (self._clock_ns() - started_ns) / NS_PER_MS
        self._gaze.cost(depth, read_ms)
        weight = THOROUGH_WEIGHT if depth is THOROUGH else 1.0
        self._tracks = self._tracker.follow(Detections(page.digits, page.width, page.height, weight))
        return page, read_ms


def _in_picture(box: Box, width: int, height: int) -> bool:
    return box.x >= 0 and box.y >= 0 and box.right <= width and box.bottom <= height
