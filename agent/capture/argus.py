"""The ribbon camera of a Jetson: GStreamer's nvarguscamerasrc, read by an OpenCV that was built with GStreamer."""

from __future__ import annotations

import re
from collections.abc import Callable

import cv2

from agent.capture.opencv import VideoSource, silence_opencv
from agent.capture.source import Source
from agent.capture.uri import CsiSpec
from profiles.errors import SourceError

TIMEOUT_MS = 5000
"""Longest wait for the camera to open, and for each frame, in milliseconds. Chosen by trial."""


def argus_pipeline(sensor: int, width: int, height: int) -> str:
    """Return the GStreamer pipeline that converts a sensor's frames to BGR and keeps only the newest.

    The sensor's mode is chosen by the driver; the image processor scales to the requested size.
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
    """Return whether OpenCV was built with GStreamer, from `cv2.getBuildInformation()`; the build on PyPI was not."""
    return re.search(r"GStreamer:\s+YES", build_information) is not None


def open_argus(spec: CsiSpec, width: int, height: int, clock: Callable[[], int]) -> Source:
    """Open a camera at the ribbon connector of a Jetson.

    Args:
        spec: the sensor.
        width: width of the frames, in pixels.
        height: height of the frames, in pixels.
        clock: returns the time in nanoseconds.

    Raises:
        SourceError: OpenCV was built without GStreamer, or the camera gives no frame.
    """
    if not has_gstreamer(cv2.getBuildInformation()):
        raise SourceError(
            f"{spec.uri} needs an OpenCV with GStreamer, and {cv2.__file__} has none",
            advice="install the system's OpenCV ('sudo apt install python3-opencv'), uninstall opencv-python-headless "
            "from the virtual environment, and create that with --system-site-packages",
        )
    silence_opencv()
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    capture = cv2.VideoCapture(argus_pipeline(spec.sensor, width, height), cv2.CAP_GSTREAMER, timeouts)
    error = SourceError(
        f"{spec.uri} gives no frame within {TIMEOUT_MS} ms",
        advice="check the ribbon cable, then run 'sudo systemctl restart nvargus-daemon'",
    )
    if not capture.isOpened():
        raise error
    return VideoSource(capture, title=spec.title, uri=spec.uri, live=True, clock=clock, at_end=lambda _: error)
