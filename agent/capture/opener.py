"""Open a source of any kind that was parsed by `agent.capture.uri`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.capture.address import StreamSpec
from agent.capture.controls import WantedControl
from agent.capture.source import Frame, Source
from agent.capture.uri import (
    CameraSpec,
    CsiSpec,
    DemoSpec,
    LiveSpec,
    PicturesSpec,
    PipeSpec,
    SourceSpec,
    VideoSpec,
)
from profiles.errors import SourceError, UsageError


def open_source(
    spec: SourceSpec,
    *,
    width: int = 640,
    height: int = 480,
    controls: Sequence[WantedControl] = (),
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
    root: Path = Path("/"),
) -> Source:
    """Open a source.

    Args:
        spec: result of `parse_source`.
        width: requested width of a camera's frames, in pixels; the camera may give another.
        height: requested height of a camera's frames, in pixels.
        controls: controls of the camera to set.
        clock: returns the time in nanoseconds; stamps the frames.
        sleep: waits for a number of seconds; paces a demo with a frame rate.
        root: folder in which dev/ and proc/ are looked up.

    Raises:
        SourceError: the source is missing, busy, or gives no frame, or a control cannot be set.
        UsageError: there are controls, and the source is no camera of this machine.
    """
    if controls and not isinstance(spec, CameraSpec | CsiSpec):
        raise UsageError(
            "--control is for a camera of this machine",
            advice="leave it out, or name the camera: --source 0 or csi://0",
        )
    match spec:
        case CameraSpec():
            from agent.capture.opencv import open_camera

            return open_camera(spec, width, height, clock, root, controls=controls)
        case StreamSpec():
            return _open_stream(spec, clock)
        case VideoSpec():
            from agent.capture.opencv import open_video

            return open_video(spec, clock)
        case PicturesSpec() | PipeSpec():
            return _open_pictures(spec, clock)
        case CsiSpec():
            return _open_csi(spec, (width, height), clock, root, controls)
        case DemoSpec():
            from agent.capture.demo import DemoSource

            return DemoSource(spec, clock, sleep)


class UnavailableSource(Source):
    """Stands for a live source that could not be opened: its first read raises the error.

    The reader then handles the error like any later failure of the source, and opens it again.
    """

    live = True

    def __init__(self, spec: LiveSpec, error: SourceError) -> None:
        self.title = spec.title
        self.silence_timeout_s = spec.silence_timeout_s if isinstance(spec, StreamSpec) else 0.0
        self._error = error

    def read(self) -> Frame | None:
        raise self._error

    def close(self) -> None:
        pass


def open_or_wait(spec: SourceSpec, opening: Callable[[], Source]) -> Source:
    """Open a source; a live source that is not available yet is replaced by an `UnavailableSource`.

    Args:
        spec: the source to open.
        opening: opens it.

    Raises:
        SourceError: the source cannot be opened, and it is not live.
    """
    try:
        return opening()
    except SourceError as error:
        if not isinstance(spec, LiveSpec):
            raise
        return UnavailableSource(spec, error)


def _open_pictures(spec: PicturesSpec | PipeSpec, clock: Callable[[], int]) -> Source:
    if isinstance(spec, PipeSpec):
        from agent.capture.pipe import PipeSource

        return PipeSource(spec, clock)
    from agent.capture.pictures import PictureSource

    return PictureSource(spec, clock)


def _open_stream(spec: StreamSpec, clock: Callable[[], int]) -> Source:
    """Open a camera in the network: HTTP is read here, RTSP by FFmpeg."""
    if spec.scheme in ("http", "https"):
        from agent.capture.http_source import HttpSource

        return HttpSource(spec, clock)
    from agent.capture.opencv import open_stream

    return open_stream(spec, clock)


def _open_csi(
    spec: CsiSpec, size: tuple[int, int], clock: Callable[[], int], root: Path, controls: Sequence[WantedControl]
) -> Source:
    """Open a ribbon camera: through Argus on a Jetson, through libcamera on every other board."""
    compatible = root / "proc/device-tree/compatible"
    if compatible.is_file() and b"nvidia,tegra" in compatible.read_bytes():
        from agent.capture.argus import open_argus

        if controls:
            raise UsageError(
                "the ribbon camera of a Jetson has no controls here", advice="leave out --control, or use a USB camera"
            )
        return open_argus(spec, *size, clock)
    from agent.capture.picamera import PiCameraSource

    return PiCameraSource(spec, *size, clock, controls)
