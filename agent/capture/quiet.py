"""Keeps OpenCV, and the C libraries beneath it, from writing to stderr what our own errors say better."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

STDERR = 2
_one_at_a_time = threading.Lock()


def silence_opencv() -> None:
    """Turn off the logs of OpenCV and of its FFmpeg, for the whole process; must run before a video is opened."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    set_log_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel  # 4.x, 5.x
    set_log_level(0)


@contextmanager
def native_stderr() -> Iterator[list[str]]:
    """Catch what the process writes to stderr: libjpeg and libpng complain there and nowhere else.

    Yields:
        A list that holds the lines caught, once the block is left.
    """
    lines: list[str] = []
    with _one_at_a_time, tempfile.TemporaryFile() as caught:
        kept = os.dup(STDERR)
        os.dup2(caught.fileno(), STDERR)
        try:
            yield lines
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)
            caught.seek(0)
            lines += caught.read().decode(errors="replace").splitlines()
