"""Tells others on the board how the agent is, in a small file in RAM: `digit-deploy` keeps a version that works well.

    {"pid": 812, "version": "0.1.0", "artifacts": "/opt/…/artifacts", "frames": 120, "faults": 0, "fault": ""}

`deploy/health.py` reads it, and says what each field means.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import msgspec

from agent.events import FrameEvent
from profiles.atomic_write import write_atomic

FILE_NAME = "health.json"
PERIOD_S = 0.5


class HealthFile:
    """A sink, and a listener to warnings; outside of systemd, which gives the folder, it does nothing.

    Args:
        environ: the process's environment, whose `RUNTIME_DIRECTORY` is the folder.
        artifacts: the folder that is read with now, absolute and without symbolic links.
        clock: seconds.
    """

    def __init__(
        self, environ: Mapping[str, str], artifacts: Callable[[], Path], clock: Callable[[], float] = time.monotonic
    ) -> None:
        folder = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
        self._path = Path(folder, FILE_NAME) if folder else None
        self._version = version("digit-agent") if folder else ""
        self._artifacts, self._clock, self._lock = artifacts, clock, threading.Lock()
        self._frames, self._faults, self._fault = 0, 0, ""
        self._told_s: float | None = None

    def take(self, tick: FrameEvent) -> None:
        """Count a frame that is done."""
        with self._lock:
            self._frames = tick.counts.frames
            if self._told_s is None or self._clock() - self._told_s >= PERIOD_S:
                self._tell()

    def fault(self, text: str) -> None:
        """Count what went wrong, and tell it at once; from any thread."""
        with self._lock:
            self._faults, self._fault = self._faults + 1, text
            self._tell()

    def close(self) -> None:
        """Leave the file to systemd, which removes it with its folder."""

    def _tell(self) -> None:
        self._told_s = self._clock()
        if self._path is None:
            return
        says = {
            "pid": os.getpid(),
            "version": self._version,
            "artifacts": str(self._artifacts()),
            "frames": self._frames,
            "faults": self._faults,
            "fault": self._fault,
        }
        with suppress(OSError):  # whoever waits for it says that nothing came; reading goes on without it
            write_atomic(self._path, msgspec.json.encode(says))
