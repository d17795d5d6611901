from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from agent.capture.frame import Frame
from agent.capture.opener import open_or_wait, open_source
from agent.capture.outage import Outage
from agent.capture.source import Source
from agent.capture.uri import parse_source
from agent.live.feed import feed
from profiles.errors import SourceError


class Noise(Source):
    """A camera that gives so many frames and is unplugged then."""

    title, live = "camera", True

    def __init__(self, frames: int) -> None:
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


def take(frames: Iterator[Frame | None], count: int) -> list[Frame]:
    taken: list[Frame] = []
    while len(taken) < count:
        taken += [frame for frame in [next(frames)] if frame is not None]
    return taken


def test_a_live_source_that_fails_is_opened_again_and_goes_on() -> None:
    cameras, said, waited = [Noise(3), Noise(1000)], list[str](), list[Outage]()
    opening = iter(cameras)
    with feed(next(opening), lambda: next(opening), said.append, waited.append, patience_s=0.05) as frames:
        numbers = [frame.number for frame in take(frames, 10)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] >= 9
    assert said[0] == "camera was unplugged"
    assert said[1].startswith("camera is back after ")
    assert len(said) == 2
    assert waited
    assert all(away.next_try_s <= 0.5 for away in waited)
    assert all(camera.closed.wait(10) for camera in cameras)


def test_a_camera_that_is_not_there_yet_is_waited_for() -> None:
    spec = parse_source("/dev/video0")
    plugged_in, said = threading.Event(), list[str]()

    def opening() -> Source:
        if not plugged_in.is_set():
            raise SourceError("no camera /dev/video0; plug it in")
        return Noise(1000)

    with feed(open_or_wait(spec, opening), opening, said.append, lambda _: plugged_in.set(), patience_s=0.05) as frames:
        take(frames, 1)
    assert said[0] == "no camera /dev/video0; plug it in"
    assert said[1].startswith("camera /dev/video0 is back after ")


@pytest.mark.parametrize("text", ["missing.png", "missing.mp4"])
def test_a_file_is_not_waited_for(text: str) -> None:
    spec = parse_source(text)
    with pytest.raises(SourceError, match=text):
        open_or_wait(spec, lambda: open_source(spec))
