"""A Jetson's ribbon camera: GStreamer's nvarguscamerasrc, read by an OpenCV that knows GStreamer."""

from __future__ import annotations

import re
from collections.abc import Callable

import cv2

from agent.capture.opencv import VideoSource, silence_opencv
from agent.capture.source import Source
from agent.capture.uri import CsiSpec
from profiles.errors import SourceError

TIMEOUT_MS = 5000


def argus_pipeline(sensor: int, width: int, height: int) -> str:
    """The GStreamer pipeline that turns a sensor's frames into BGR, keeping only the newest.

    The sensor is left to choose its mode; the image processor scales to the size asked for.
    Elements: https://docs.nvidia.com/jetson/archives/r36.4/DeveloperGuide/SD/Multimedia/AcceleratedGstreamer.html
    """
    return " ! ".join(
        (
            f"nvarguscamerasrc sensor-id={sensor}",
            "video/x-raw(memory:NVMM),framerate=30/1",
            "nvvidconv",
            f"video/x-raw,width={width},height={height},format=BGRx",
            "videoconvert",
            "video/x-raw,format=BGR",
            "appsink drop=true max-buffers=1 sync=false",
        )
    )


def has_gstreamer(build_information: str) -> bool:
    """Whether `cv2.getBuildInformation()` says that this OpenCV knows GStreamer; PyPI's does not."""
    return re.search(r"GStreamer:\s+YES", build_information) is not None


def open_argus(spec: CsiSpec, width: int, height: int, clock: Callable[[], int]) -> Source:
    """Open a camera at a Jetson's ribbon connector.

    Raises:
        SourceError: this OpenCV has no GStreamer, or the camera gives no frame.
    """
    if not has_gstreamer(cv2.getBuildInformation()):
        raise SourceError(
            f"{spec.uri} needs an OpenCV with GStreamer, and {cv2.__file__} has none; "
            "install the system's ('sudo apt install python3-opencv'), take opencv-python-headless out of the "
            "virtual environment, and make that with --system-site-packages"
        )
    silence_opencv()
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    capture = cv2.VideoCapture(argus_pipeline(spec.sensor, width, height), cv2.CAP_GSTREAMER, timeouts)
    failure = SourceError(
        f"{spec.uri} gives no frame within {TIMEOUT_MS} ms; check the ribbon cable, "
        "then 'sudo systemctl restart nvargus-daemon'"
    )
    if not capture.isOpened():
        raise failure
    return VideoSource(capture, title=spec.title, uri=spec.uri, live=True, clock=clock, at_end=lambda _: failure)
