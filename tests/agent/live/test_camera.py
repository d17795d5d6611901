"""Another camera, or another mounting, while a run goes on; what does not work is undone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from agent.capture.mounting import NOT_TURNED, Mounting, parse_mounting
from agent.capture.source import Frame, Source
from agent.live.camera import CameraInUse, CameraSetup
from agent.live.feed import feed
from agent.vision.box import Box
from profiles.errors import SourceError, UsageError
from tests.waiting import wait_until

WIDTH, HEIGHT = 64, 48


class NumberedCamera(Source):
    """A camera whose pictures have its number everywhere, but for one pixel, which changes."""

    def __init__(self, number: int, *, live: bool = True) -> None:
        self.title, self.live, self._number, self._frames = f"camera {number}", live, number, 0
        self._closed = threading.Event()

    def read(self) -> Frame | None:
        if self._closed.wait(0.01):
            return None
        image = np.full((HEIGHT, WIDTH, 3), self._number, np.uint8)
        image[0, 0], self._frames = self._frames % 256, self._frames + 1
        return Frame(image, 0, self._frames - 1, self.title)

    def close(self) -> None:
        self._closed.set()

    def interrupt(self) -> None:
        self._closed.set()


def numbered(number: int, mounting: Mounting = NOT_TURNED, *, live: bool = True) -> CameraSetup:
    return CameraSetup(lambda: NumberedCamera(number, live=live), number, mounting, "camera", live)


def refusing(error: Exception) -> CameraSetup:
    def refuse() -> Source:
        raise error

    return CameraSetup(refuse, error, Mounting(), "camera")


class Watcher:
    """Takes the frames of a camera on a thread, as a run does, and keeps the newest."""

    def __init__(self, camera: CameraInUse) -> None:
        self._camera, self.warnings = camera, list[str]()
        self._ended, self.newest = threading.Event(), Frame(np.zeros((1, 1, 3), np.uint8), 0, 0, "")
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        with feed(self._camera.open(), self._camera.open, self.warnings.append, timeout_s=0.05) as frames:
            for frame in frames:
                self.newest = frame or self.newest
                if self._ended.is_set():
                    return

    @contextmanager
    def running(self) -> Iterator[Watcher]:
        self._thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._thread.join(60)


def number_of(frame: Frame) -> int:
    return int(frame.image[HEIGHT // 2, WIDTH // 2, 0])


def wait_for_number(watcher: Watcher, number: int) -> None:
    wait_until(lambda: watcher.newest.image.shape[0] > 1 and number_of(watcher.newest) == number)


def test_another_camera_is_opened_while_the_run_goes_on() -> None:
    camera = CameraInUse(numbered(1))
    with Watcher(camera).running() as watcher:
        wait_for_number(watcher, 1)
        camera.switch_to(numbered(2))
        wait_for_number(watcher, 2)
    assert camera.title == "camera 2"
    assert watcher.warnings[0] == "camera 1 is opened again, because its options have changed; wait a moment"
    assert watcher.warnings[1].startswith("camera 2 is back after ")


@pytest.mark.parametrize("live", [True, False])
def test_another_mounting_takes_effect_without_opening_the_camera_again(live: bool) -> None:
    camera = CameraInUse(numbered(1, live=live))
    with Watcher(camera).running() as watcher:
        camera.switch_to(numbered(1, parse_mounting("25%,50%,50%,50%", 90, None), live=live))
        wait_until(lambda: watcher.newest.region is not None)
        assert watcher.newest.image.shape == (WIDTH, HEIGHT, 3)
        assert watcher.newest.region == Box(12, 32, 24, 32)
        camera.switch_to(numbered(1, live=live))
        wait_until(lambda: watcher.newest.region is None)
    assert watcher.warnings == []


@pytest.mark.parametrize("live", [True, False])
def test_a_region_outside_of_the_picture_is_undone_at_once(live: bool) -> None:
    camera = CameraInUse(numbered(1, live=live))
    with Watcher(camera).running() as watcher:
        with pytest.raises(SourceError, match=r"does not come back .*the region 500,0,10,10 holds no pixel"):
            camera.switch_to(numbered(1, parse_mounting("500,0,10,10", None, None), live=live))
        wait_for_number(watcher, 1)
        before = watcher.newest.number
        wait_until(lambda: watcher.newest.number > before)
    assert watcher.warnings == []


@pytest.mark.parametrize(
    ("error", "timeout_s", "reason"),
    [
        (SourceError("there is no camera"), 1.5, "there is no camera"),
        (UsageError("--control is for a camera"), 60.0, "--control is for a camera"),
    ],
)
def test_a_camera_that_does_not_come_back_is_undone(error: Exception, timeout_s: float, reason: str) -> None:
    camera = CameraInUse(numbered(1))
    with Watcher(camera).running() as watcher:
        wait_for_number(watcher, 1)
        with pytest.raises(SourceError, match=reason):
            camera.switch_to(refusing(error), timeout_s)
        number = watcher.newest.number
        wait_until(lambda: watcher.newest.number > number + 1)
        assert number_of(watcher.newest) == 1


def test_a_camera_that_gives_nothing_is_undone() -> None:
    class SilentCamera(NumberedCamera):
        def read(self) -> Frame | None:
            self._closed.wait(60)
            return None

    camera = CameraInUse(numbered(1))
    with Watcher(camera).running() as watcher:
        with pytest.raises(SourceError, match="no picture came within 2 s"):
            camera.switch_to(CameraSetup(lambda: SilentCamera(3), 3, Mounting(), "camera"), 2.0)
        wait_for_number(watcher, 1)


def test_a_wrong_region_at_the_start_ends_the_run() -> None:
    camera = CameraInUse(numbered(1, parse_mounting("500,0,10,10", None, None)))
    with camera.open() as source, pytest.raises(UsageError, match="holds no pixel"):
        source.read()
