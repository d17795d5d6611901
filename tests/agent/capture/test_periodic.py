from __future__ import annotations

import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from agent.capture.opener import open_source
from agent.capture.periodic import PeriodicSource
from agent.capture.source import Frame, Source
from agent.capture.uri import parse_source

IMAGE = np.zeros((8, 8, 3), np.uint8)


class Camera(Source):
    """A camera with a frame every 5 ms that can only be opened once at a time."""

    title, live = "camera", True
    opened: list[Camera] = []  # noqa: RUF012 (shared on purpose: one device)
    is_open: bool

    def __init__(self) -> None:
        assert not any(camera.is_open for camera in self.opened)
        self.is_open, self.number = True, 0
        self.opened.append(self)

    def read(self) -> Frame:
        assert self.is_open
        time.sleep(0.005)
        self.number += 1
        return Frame(IMAGE, time.monotonic_ns(), self.number, "camera")

    def close(self) -> None:
        self.is_open = False


@pytest.fixture(autouse=True)
def device() -> None:
    Camera.opened.clear()


def test_a_camera_is_closed_between_two_looks_and_its_first_frames_are_dropped() -> None:
    with PeriodicSource(Camera(), Camera, 0.2, min_closed_s=0.1, settle_s=0.05) as source:
        started = time.monotonic()
        frames = [source.read() for _ in range(3)]
        passed_s = time.monotonic() - started
    assert [frame.number for frame in frames if frame] == [0, 1, 2]
    assert len(Camera.opened) == 3
    assert not any(camera.is_open for camera in Camera.opened)
    assert all(camera.number > 1 for camera in Camera.opened)
    assert passed_s >= 0.05 + 2 * 0.2


def test_a_camera_that_has_no_time_to_rest_stays_open() -> None:
    with PeriodicSource(Camera(), Camera, 0.1, min_closed_s=0.2) as source:
        started = time.monotonic()
        for _ in range(3):
            source.read()
        assert time.monotonic() - started >= 0.2
    assert len(Camera.opened) == 1


def test_a_rest_ends_at_once_when_the_run_stops() -> None:
    source = PeriodicSource(Camera(), Camera, 600, min_closed_s=1, settle_s=0)
    source.read()
    reading = threading.Thread(target=source.read)
    reading.start()
    source.interrupt()
    reading.join(timeout=20)
    assert not reading.is_alive()
    source.close()


def test_of_a_recording_one_frame_in_each_interval_is_given() -> None:
    spec = parse_source("demo:?frames=90")
    with open_source(spec) as source:
        every = [frame.recorded_s for _ in range(90) if (frame := source.read()) is not None]
    with PeriodicSource(open_source(spec), lambda: open_source(spec), 1.0) as source:
        sparse = []
        while (frame := source.read()) is not None:
            sparse.append(frame.recorded_s)
    assert all(b - a >= 1.0 for a, b in pairwise(sparse) if a is not None and b is not None)
    assert set(sparse) <= set(every)
    assert len(sparse) == 5
