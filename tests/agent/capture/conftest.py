"""Silences FFmpeg before the tests write videos: it reads its log level once, when it is first used."""

from __future__ import annotations

from agent.capture.opencv import silence_opencv

silence_opencv()
