"""Cameras, RTSP streams and video files through OpenCV: Video4Linux for cameras, FFmpeg for streams and files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from agent.capture.address import StreamSpec
from agent.capture.controls import WantedControl, set_controls
from agent.capture.file_name import printable
from agent.capture.limits import TooLargeError, check_size, decoding_limit_bytes
from agent.capture.rtsp import find_rtsp_error
from agent.capture.source import Frame, Source
from agent.capture.uri import CameraSpec, VideoSpec
from profiles.errors import SourceError
from profiles.regular_file import open_regular_file

CAMERA_TIMEOUT_S = 2
"""Longest wait for a camera's frame, in seconds. OpenCV's default of 10 s holds a silent device for too long."""
CAMERA_START_TIMEOUT_S = 8.0
"""Longest wait for a camera's first frame, in seconds: the camera first sets its exposure. Chosen by trial."""
MAX_DAMAGED_FRAMES = 10
"""Number of damaged frames in a row after which a video counts as ended. Chosen by trial."""
DECODE_TIMEOUT_S = 1.0
"""Longest time to look for a frame that can be decoded, in seconds; after it the source is silent, not damaged."""
ASSUMED_FRAMES_PER_S = 25.0
"""Frame rate of a video that does not state its own, such as a file of plain H.264. FFmpeg assumes the same."""
MAX_FRAMES_PER_S = 1000.0
"""If a video states a higher frame rate than this, the rate is wrong, and `ASSUMED_FRAMES_PER_S` is used."""
BYTES_PER_PIXEL = 12
"""Peak memory per pixel of a frame: 3 as BGR, and six frames of 1.5 that H.264 keeps. 4K needs 100 MB."""
AV1_CODES = (cv2.VideoWriter.fourcc(*"AV01"), cv2.VideoWriter.fourcc(*"av01"))
"""Codes of AV1. The FFmpeg of OpenCV opens such a video, and decodes no frame of it."""
MIN_FRAMES_SHARE = 0.9
"""A video counts as cut off if fewer than this share of the frames in its header can be read.

It is less than 1, because some headers hold only the duration, and their number of frames is an estimate. Chosen by
trial.
"""


class VideoSource(Source):
    """Frames of an open `cv2.VideoCapture`.

    Args:
        capture: open; at least one frame must follow.
        title: name of the source for messages.
        uri: value of `Frame.source`.
        live: whether frames may be dropped.
        clock: returns the time in nanoseconds.
        at_end: called when no frame came, with the time of the wait in milliseconds. It returns the error to raise,
            or None if the video ended regularly.
        start_timeout_s: longest wait for the first frame.

    Raises:
        SourceError: no frame came, or the frames are too large for this board.
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
        start_timeout_s: float = DECODE_TIMEOUT_S,
    ) -> None:
        self.title = title
        self.live = live
        self._capture = capture
        self._uri = uri
        self._clock = clock
        self._at_end = at_end
        self._number, self._stamp_s = 0, -1.0
        self._check_size()
        self._first = self._next_frame(start_timeout_s)
        if self._first is None:
            self.close()
            raise SourceError(
                f"{uri} opens, but gives no frame that can be decoded", advice="check that it is not damaged"
            )

    def read(self) -> Frame | None:
        frame, self._first = self._first, None
        return frame or self._next_frame(DECODE_TIMEOUT_S)

    def close(self) -> None:
        self._capture.release()

    def _check_size(self) -> None:
        """Refuse a video whose frames do not fit into the memory, before the first one is decoded."""
        width, height = (int(self._capture.get(at)) for at in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        try:
            check_size(width, height, BYTES_PER_PIXEL, decoding_limit_bytes())
        except TooLargeError as error:
            self.close()
            raise SourceError(
                f"the frames of {self._uri} have {error.size}, too many for this board",
                advice="choose a smaller resolution",
            ) from None

    def _recorded_s(self) -> float:
        """Return the time stamp of the current frame in seconds, or one frame more than before if it has none."""
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        step_s = 1 / (rate if 0 < rate <= MAX_FRAMES_PER_S else ASSUMED_FRAMES_PER_S)
        stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        self._stamp_s = stamp_s if stamp_s > self._stamp_s else max(0.0, self._stamp_s + step_s)
        return self._stamp_s

    def _next_frame(self, timeout_s: float) -> Frame | None:
        """Return the next frame that can be decoded; skip a few damaged frames."""
        started = time.monotonic()
        for _ in range(MAX_DAMAGED_FRAMES):
            if self._capture.grab():
                captured_ns = self._clock()
                decoded, image = self._capture.retrieve()
                if decoded:
                    recorded_s = None if self.live else self._recorded_s()
                    frame = Frame(np.asarray(image, np.uint8), captured_ns, self._number, self._uri, recorded_s)
                    self._number += 1
                    return frame
            if time.monotonic() - started > timeout_s:
                break
        error = self._at_end(1000 * (time.monotonic() - started))
        if error is not None:
            self.close()
            raise error
        return None


def silence_opencv() -> None:
    """Turn off the logs of OpenCV and of its FFmpeg for the whole process; call it before a video is opened.

    The logs go to stderr and say less than the errors that this module raises.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    set_log_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel  # 4.x, 5.x
    set_log_level(0)


def video_devices(root: Path) -> tuple[str, ...]:
    """Return the paths of the Video4Linux devices, such as /dev/video0; some of them are codecs and not cameras."""
    found = sorted((root / "dev").glob("video[0-9]*"), key=lambda path: (len(path.name), path.name))
    return tuple(f"/dev/{path.name}" for path in found)


def open_camera(
    spec: CameraSpec,
    width: int,
    height: int,
    clock: Callable[[], int],
    root: Path,
    *,
    controls: Sequence[WantedControl] = (),
) -> Source:
    """Open a Video4Linux camera.

    Args:
        spec: the camera.
        width: requested width, in pixels; the camera may give another.
        height: requested height, in pixels.
        clock: returns the time in nanoseconds.
        root: folder in which dev/ is looked up.
        controls: controls to set.

    Raises:
        SourceError: the camera is missing, forbidden, busy, or gives no frame, or a control cannot be set.
    """
    device = root / spec.device.lstrip("/")
    if not device.exists():
        devices = ", ".join(video_devices(root)) or "none"
        raise SourceError(
            f"no camera {spec.device} (found: {devices})",
            advice="plug it in, or try 'csi://0' for a camera at the ribbon connector, or 'demo:'",
        )
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(
            f"no permission to use {spec.device}", advice="join the device's group: 'sudo usermod -aG video $USER'"
        )
    silence_opencv()
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(CAMERA_TIMEOUT_S))  # read at the very first frame
    capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(
            f"{spec.device} is not a camera, or another program uses it",
            advice="close that program, or try another device",
        )
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    set_controls(str(device), controls)

    def at_end(_: float) -> SourceError:
        if device.exists():
            return SourceError(f"{spec.device} gives no frame", advice="check its cable, or unplug it and plug it in")
        return SourceError(f"{spec.device} was unplugged", advice="plug it in again")

    return VideoSource(
        capture,
        title=spec.title,
        uri=spec.uri,
        live=True,
        clock=clock,
        at_end=at_end,
        start_timeout_s=CAMERA_START_TIMEOUT_S,
    )


def open_stream(spec: StreamSpec, clock: Callable[[], int]) -> Source:
    """Open an RTSP stream.

    Raises:
        SourceError: the address does not answer, or gives no video.
    """
    silence_opencv()
    timeout_ms = round(1000 * spec.options.patience_s)
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    capture = cv2.VideoCapture(spec.full_url, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        raise find_rtsp_error(spec) or SourceError(
            f"{spec.uri} gives no video within {timeout_ms} ms", advice="check the address and that it is running"
        )

    def at_end(waited_ms: float) -> SourceError | None:
        if waited_ms < timeout_ms:
            return None
        return SourceError(
            f"{spec.uri} stalled: no frame for {timeout_ms} ms", advice="check the network and the camera"
        )

    source = VideoSource(capture, title=spec.title, uri=spec.uri, live=True, clock=clock, at_end=at_end)
    source.silence_timeout_s = spec.silence_timeout_s
    return source


def open_video(spec: VideoSpec, clock: Callable[[], int]) -> Source:
    """Open a video file.

    Raises:
        SourceError: the file is missing, or contains no frame that can be decoded.
    """
    name = printable(spec.path)
    try:
        open_regular_file(spec.path).close()
    except OSError as error:
        raise SourceError(
            f"{name} cannot be read ({error.strerror})", advice="check the name and its permissions"
        ) from error
    silence_opencv()
    capture = cv2.VideoCapture(str(spec.path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise SourceError(
            f"{name} is not a video that can be decoded, or is cut off", advice="copy it again or convert it"
        )

    def at_end(_: float) -> SourceError | None:
        frames, expected = (int(capture.get(at)) for at in (cv2.CAP_PROP_POS_FRAMES, cv2.CAP_PROP_FRAME_COUNT))
        if frames >= MIN_FRAMES_SHARE * expected:
            return None
        if not frames and int(capture.get(cv2.CAP_PROP_FOURCC)) in AV1_CODES:
            return SourceError(
                f"{name} is an AV1 video, which this OpenCV cannot decode", advice="convert it to H.264, as an MP4 file"
            )
        return SourceError(f"{name} is cut off after {frames} of {expected} frames", advice="copy it again")

    title, uri = printable(spec.path.name), printable(spec.uri)
    return VideoSource(capture, title=title, uri=uri, live=False, clock=clock, at_end=at_end)
