"""Keeps OpenCV, and the FFmpeg beneath it, from logging to stderr what our own errors say better."""

from __future__ import annotations

import os

import cv2


def silence_opencv() -> None:
    """Turn off the logs of OpenCV and of its FFmpeg, for the whole process; must run before a video is opened."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    set_log_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel  # 4.x, 5.x
    set_log_level(0)
