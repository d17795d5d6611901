"""Write the health file. `profiles.health` describes its format."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import msgspec

from agent.events import Event, FaultEvent, FrameEvent
from agent.paths import runtime_folder
from profiles.atomic_write import write_atomic
from profiles.health import FILE_NAME, WRITE_PERIOD_S, Health


class HealthFile:
    """A sink that writes the health file; outside of a service it does nothing.

    Args:
        environ: environment of the process; `RUNTIME_DIRECTORY` is the folder of the file.
        artifacts: returns the folder of the artifacts in use, absolute and without symbolic links.
        clock: current time, in seconds.
    """

    def __init__(
        self, environ: Mapping[str, str], artifacts: Callable[[], Path], clock: Callable[[], float] = time.monotonic
    ) -> None:
        folder = runtime_folder(environ)
        self._path = folder / FILE_NAME if folder else None
        self._version = version("digit-agent") if folder else ""
        self._artifacts, self._clock, self._lock = artifacts, clock, threading.Lock()
        self._frames, self._faults, self._fault = 0, 0, ""
        self._written_s: float | None = None

    def take(self, event: Event) -> None:
        """Count a frame, and write it if the last write is old enough; count a fault and write it at once."""
        with self._lock:
            match event:
                case FrameEvent():
                    self._frames = event.counts.frames
                    if self._written_s is None or self._clock() - self._written_s >= WRITE_PERIOD_S:
                        self._write()
                case FaultEvent():
                    self._faults, self._fault = self._faults + 1, event.text
                    self._write()

    def close(self) -> None:
        """Do nothing: systemd removes the file with its folder."""

    def _write(self) -> None:
        self._written_s = self._clock()
        if self._path is None:
            return
        health = Health(os.getpid(), self._version, str(self._artifacts()), self._frames, self._faults, self._fault)
        with suppress(OSError):  # reading goes on without the file, and its reader reports that it is missing
            write_atomic(self._path, msgspec.json.encode(health))
