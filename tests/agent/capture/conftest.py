"""FFmpeg takes its log level when it is first used, and the tests write videos before they open any."""

from __future__ import annotations

from agent.capture.opencv import silence_opencv

silence_opencv()
