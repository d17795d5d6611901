from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from agent.capture.opener import open_or_wait, open_source
from agent.capture.outage import Outage
from agent.capture.source import Frame, Source
from agent.capture.uri import CameraSpec, parse_source
from agent.live.feed import feed
from profiles.errors import SourceError


class NoiseCamera(Source):
    """A camera that is unplugged after a number of frames."""

    live = True

    def __init__(self, frames: int, title: str = "camera") -> None:
        self.title = title
        self._frames, self._number = frames, 0
        self._rng = np.random.default_rng(frames)
        self.closed = threading.Event()

    def read(self) -> Frame | None:
        time.sleep(0.001)
        if self._number == self._frames:
            raise SourceError("camera was unplugged")
        self._number += 1
        return Frame(self._rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), 0, self._number - 1, "camera")

    def close(self) -> None:
        self.closed.set()


def take_frames(frames: Iterator[Frame | None], count: int) -> list[Frame]:
    taken: list[Frame] = []
    while len(taken) < count:
        taken += [frame for frame in [next(frames)] if frame is not None]
    return taken


def test_a_live_source_that_fails_is_opened_again() -> None:
    cameras, warnings, outages = [NoiseCamera(3), NoiseCamera(10**9)], list[str](), list[Outage]()
    opening = iter(cameras)
    with feed(next(opening), lambda: next(opening), warnings.append, outages.append, timeout_s=0.05) as frames:
        numbers = [frame.number for frame in take_frames(frames, 10)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] >= 9
    assert warnings[0] == "camera was unplugged"
    assert warnings[1].startswith("camera is back after ")
    assert len(warnings) == 2
    assert outages
    assert all(outage.next_try_s <= 0.5 for outage in outages)
    assert all(camera.closed.wait(60) for camera in cameras)


def test_the_feed_waits_for_a_camera_that_is_absent_at_the_start() -> None:
    spec = parse_source("/dev/video0")
    assert isinstance(spec, CameraSpec)
    plugged_in, warnings = threading.Event(), list[str]()

    def opening() -> Source:
        if not plugged_in.is_set():
            raise SourceError("no camera /dev/video0; plug it in")
        return NoiseCamera(10**9, spec.title)

    with feed(
        open_or_wait(spec, opening), opening, warnings.append, lambda _: plugged_in.set(), timeout_s=0.05
    ) as frames:
        take_frames(frames, 1)
    assert warnings[0] == "no camera /dev/video0; plug it in"
    assert warnings[1].startswith("camera /dev/video0 is back after ")


@pytest.mark.parametrize("text", ["missing.png", "missing.mp4"])
def test_a_missing_file_is_an_error_at_once(text: str) -> None:
    spec = parse_source(text)
    with pytest.raises(SourceError, match=text):
        open_or_wait(spec, lambda: open_source(spec))
