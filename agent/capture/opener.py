"""Opens what `uri` parsed: the one place that knows every kind of source."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from agent.capture.source import Frame, Source
from agent.capture.uri import (
    CameraSpec,
    CsiSpec,
    DemoSpec,
    LiveSpec,
    PicturesSpec,
    SourceSpec,
    StreamSpec,
    VideoSpec,
)
from profiles.errors import SourceError


def open_source(
    spec: SourceSpec,
    *,
    width: int = 640,
    height: int = 480,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
    root: Path = Path("/"),
) -> Source:
    """Open a source.

    Args:
        spec: what `parse_source` gave.
        width: Width that a camera is asked for, in pixels; it may give another.
        height: Height that a camera is asked for, in pixels.
        clock: Gives nanoseconds; stamps the frames.
        sleep: Waits for seconds; paces a demo that was asked for a frame rate.
        root: Where /dev and /proc are looked for.

    Raises:
        SourceError: it is missing, busy, or gives no frame.
    """
    match spec:
        case CameraSpec():
            from agent.capture.opencv import open_camera

            return open_camera(spec, width, height, clock, root)
        case StreamSpec():
            from agent.capture.opencv import open_stream

            return open_stream(spec, clock)
        case VideoSpec():
            from agent.capture.opencv import open_video

            return open_video(spec, clock)
        case PicturesSpec():
            from agent.capture.pictures import Pictures

            return Pictures(spec, clock)
        case CsiSpec():
            return _open_csi(spec, width, height, clock, root)
        case DemoSpec():
            from agent.capture.demo import Demo

            return Demo(spec, clock, sleep)


class Missing(Source):
    """Stands for a live source that could not be opened: its first read says why, and what reads it tries again."""

    live = True

    def __init__(self, spec: LiveSpec, failure: SourceError) -> None:
        self.title = spec.title
        self._failure = failure

    def read(self) -> Frame | None:
        raise self._failure

    def close(self) -> None:
        pass


def open_or_wait(spec: SourceSpec, opening: Callable[[], Source]) -> Source:
    """Open a source; for a live one that is not there yet, what reads it has to wait.

    Args:
        spec: what is opened.
        opening: opens it.

    Raises:
        SourceError: it cannot be opened, and is no live one.
    """
    try:
        return opening()
    except SourceError as failure:
        if not isinstance(spec, LiveSpec):
            raise
        return Missing(spec, failure)


def _open_csi(spec: CsiSpec, width: int, height: int, clock: Callable[[], int], root: Path) -> Source:
    """A Jetson takes its ribbon cameras from Argus, every other board from libcamera."""
    compatible = root / "proc/device-tree/compatible"
    if compatible.is_file() and b"nvidia,tegra" in compatible.read_bytes():
        from agent.capture.argus import open_argus

        return open_argus(spec, width, height, clock)
    from agent.capture.picamera import PiCamera

    return PiCamera(spec, width, height, clock)
