"""The log's sink: it collects events in memory, and a thread writes them to the database every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from agent.events import Event, FaultEvent, FrameEvent, RunInfo
from agent.telemetry.buffer import Buffer
from agent.telemetry.clock import LogClock, system_clock
from agent.telemetry.pictures import NO_PICTURES, KeepPictures
from agent.telemetry.writer import LogWriter, RunRow

BATCH_S = 5.0
"""Time between two writes, in seconds. Raising it wears out an SD card less, but a power cut loses more."""
CLOSE_TIMEOUT_S = 10.0
"""Longest wait for the last write, in seconds."""


class LogSink:
    """A sink that logs a run to a database. A slow disk does not delay its caller.

    Args:
        path: the database; its folder is made. It may lie in RAM, for example below /run.
        info: describes the run at this moment.
        warn: called when logging stops, when it continues, and when rows were lost.
        wait: whether `take` waits while there is no room for readings. Set it only if the source is not live. While
            the log cannot be written, `take` does not wait, and readings are lost.
        max_bytes: maximum size of all files of the log; None is a share of the file system.
        batch_s: time between two writes, in seconds.
        clock: gives each row its time; None is the system's clock.
        pictures: of which readings cut-outs are kept, and in how much space.
    """

    def __init__(
        self,
        path: Path,
        info: Callable[[], RunInfo],
        warn: Callable[[str], None],
        *,
        wait: bool = False,
        max_bytes: int | None = None,
        batch_s: float = BATCH_S,
        clock: LogClock | None = None,
        pictures: KeepPictures = NO_PICTURES,
    ) -> None:
        clock = clock or system_clock()
        self._path, self._info, self._warn, self._wait, self._batch_s = path, info, warn, wait, batch_s
        self._buffer = Buffer(clock, pictures)
        current = info()
        run = RunRow(current.source, current.board, current.power_sensor, self._buffer.began_ms)
        self._writer = LogWriter(path, run, warn, clock, max_bytes, pictures=pictures)
        self._wake, self._ended, self._written = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Collect a frame or a fault; a fault may come from any thread."""
        match event:
            case FrameEvent():
                self._wait_for_room()
                self._buffer.add_frame(event)
            case FaultEvent(text):
                self._buffer.add_fault(text)

    def close(self) -> None:
        """Write what is left, and mark the run as ended."""
        self._ended.set()
        self._wake.set()
        self._thread.join(CLOSE_TIMEOUT_S)
        if self._buffer.lost and not self._writer.stopped:
            self._warn(f"{self._buffer.lost} rows never reached the log {self._path}, which was too slow")

    def _wait_for_room(self) -> None:
        while self._wait and self._buffer.full and not self._writer.stopped and self._thread.is_alive():
            self._written.clear()
            self._wake.set()
            self._written.wait(0.5)

    def _work(self) -> None:
        while not self._ended.is_set():
            self._write()
            self._wake.wait(self._batch_s)
            self._wake.clear()
        self._write(ended=True)
        self._writer.close()

    def _write(self, *, ended: bool = False) -> None:
        self._buffer.add_choice(self._info())
        batch = self._buffer.batch(ended=ended)
        if batch.due:
            self._writer.write(batch, self._buffer.confirm)
        self._written.set()
