"""Cameras, streams and video files through OpenCV: Video4Linux for cameras, FFmpeg for everything else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from agent.capture.file import open_file, printable
from agent.capture.source import Frame, Source
from agent.capture.uri import CameraSpec, StreamSpec, VideoSpec
from profiles.errors import SourceError

CAMERA_TIMEOUT_S = 2
"""OpenCV waits 10 s for a frame of a camera that fell silent, and holds the device meanwhile."""
CAMERA_START_S = 8.0
"""A camera's first frame may take longer: it sets its exposure first."""
HTTP_TIMEOUT_MS = 3000
RTSP_TIMEOUT_MS = 8000
"""Longer: a camera may send a key frame only every few seconds, and nothing can be decoded before it."""

ATTEMPTS = 10
"""So many frames in a row may be damaged before a video counts as ended, ..."""
PATIENCE_S = 1.0
"""... unless trying takes longer than this: then it is not damage, but silence."""
WHOLE = 0.9
"""Of the frames that a video's header promises, this share must come: where it holds none but their length in time,
the promise is an estimate."""


class VideoSource(Source):
    """Frames of an open `cv2.VideoCapture`.

    Args:
        capture: Open, with at least one frame to come.
        title: For people.
        uri: For `Frame.source`.
        live: Whether frames may be dropped.
        clock: Gives nanoseconds.
        at_end: Called when no frame came, with the milliseconds that were waited; returns what to raise,
            or None where this is simply the end.
        start_s: How long to try for the first frame.

    Raises:
        SourceError: not one frame came.
    """

    def __init__(
        self,
        capture: cv2.VideoCapture,
        *,
        title: str,
        uri: str,
        live: bool,
        clock: Callable[[], int],
        at_end: Callable[[float], SourceError | None],
        start_s: float = PATIENCE_S,
    ) -> None:
        self.title = title
        self.live = live
        self._capture = capture
        self._uri = uri
        self._clock = clock
        self._at_end = at_end
        self._number = 0
        self._first = self._take(start_s)
        if self._first is None:
            self.close()
            raise SourceError(f"{uri} opens, but gives no frame that can be decoded; check that it is not damaged")

    def read(self) -> Frame | None:
        frame, self._first = self._first, None
        return frame or self._take(PATIENCE_S)

    def close(self) -> None:
        self._capture.release()

    def _take(self, patience_s: float) -> Frame | None:
        """The next frame that can be decoded; a few damaged ones are not the end."""
        started = time.monotonic()
        for _ in range(ATTEMPTS):
            if self._capture.grab():
                captured_ns = self._clock()
                decoded, image = self._capture.retrieve()
                if decoded:
                    frame = Frame(np.asarray(image, np.uint8), captured_ns, self._number, self._uri)
                    self._number += 1
                    return frame
            if time.monotonic() - started > patience_s:
                break
        failure = self._at_end(1000 * (time.monotonic() - started))
        if failure is not None:
            self.close()
            raise failure
        return None


def silence_opencv() -> None:
    """Turn off the logs of OpenCV and of its FFmpeg for the whole process; call it before a video is opened.

    They go to stderr and say less than the errors that are raised here.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    set_log_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel  # 4.x, 5.x
    set_log_level(0)


def video_devices(root: Path) -> tuple[str, ...]:
    """The paths of the machine's Video4Linux devices, such as /dev/video0; some of a board are no cameras."""
    found = sorted((root / "dev").glob("video[0-9]*"), key=lambda path: (len(path.name), path.name))
    return tuple(f"/dev/{path.name}" for path in found)


def open_camera(spec: CameraSpec, width: int, height: int, clock: Callable[[], int], root: Path) -> Source:
    """Open a camera that Video4Linux knows.

    Args:
        spec: Which.
        width: Width to ask for, in pixels; the camera may give another.
        height: Height to ask for, in pixels.
        clock: Gives nanoseconds.
        root: Where /dev is looked for.

    Raises:
        SourceError: it is missing, forbidden, busy, or gives no frame.
    """
    device = root / spec.device.lstrip("/")
    if not device.exists():
        devices = ", ".join(video_devices(root)) or "none"
        raise SourceError(
            f"no camera {spec.device} (there: {devices}); plug it in, "
            "or try 'csi://0' for a camera at the ribbon connector, or 'demo:'"
        )
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(f"{spec.device} is not yours to use; join its group: 'sudo usermod -aG video $USER'")
    silence_opencv()
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(CAMERA_TIMEOUT_S))  # read at the first frame of all
    capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(f"{spec.device} is no camera, or another program has it; close that, or try another device")
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def at_end(_: float) -> SourceError:
        if device.exists():
            return SourceError(f"{spec.device} gives no frame; check its cable, or connect it anew")
        return SourceError(f"{spec.device} was unplugged; connect it again")

    return VideoSource(
        capture,
        title=spec.title,
        uri=spec.uri,
        live=True,
        clock=clock,
        at_end=at_end,
        start_s=CAMERA_START_S,
    )


def open_stream(spec: StreamSpec, clock: Callable[[], int]) -> Source:
    """Open a stream of the network.

    Raises:
        SourceError: nobody answers, the answer is no video, or it stalls.
    """
    silence_opencv()
    timeout_ms = RTSP_TIMEOUT_MS if spec.url.lower().startswith("rtsp") else HTTP_TIMEOUT_MS
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    capture = cv2.VideoCapture(spec.url, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        raise SourceError(f"{spec.uri} gives no video within {timeout_ms} ms; check the address and that it is running")

    def at_end(waited_ms: float) -> SourceError | None:
        if waited_ms < timeout_ms:
            return None
        return SourceError(f"{spec.uri} stalled: no frame for {timeout_ms} ms; check the network and the camera")

    return VideoSource(capture, title=spec.title, uri=spec.uri, live=True, clock=clock, at_end=at_end)


def open_video(spec: VideoSpec, clock: Callable[[], int]) -> Source:
    """Open a video file.

    Raises:
        SourceError: it is missing, or holds no frame that can be decoded.
    """
    name = printable(spec.path)
    try:
        open_file(spec.path).close()
    except OSError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}); check the name and its permissions") from error
    silence_opencv()
    capture = cv2.VideoCapture(str(spec.path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise SourceError(f"{name} is no video that can be decoded, or is cut off; copy it again or convert it")

    def at_end(_: float) -> SourceError | None:
        came, promised = (int(capture.get(at)) for at in (cv2.CAP_PROP_POS_FRAMES, cv2.CAP_PROP_FRAME_COUNT))
        if came >= WHOLE * promised:
            return None
        return SourceError(f"{name} is cut off after {came} of {promised} frames; copy it again from where it came")

    title, uri = printable(spec.path.name), printable(spec.uri)
    return VideoSource(capture, title=title, uri=uri, live=False, clock=clock, at_end=at_end)
