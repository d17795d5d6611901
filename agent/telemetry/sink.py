"""The log of a run: a sink that keeps what happens in memory, and a thread that writes it every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from agent.events import FrameEvent, RunInfo
from agent.telemetry.buffer import Buffer
from agent.telemetry.clock import Clock, system_clock
from agent.telemetry.writer import LogWriter, RunRow

BATCH_S = 5.0
CLOSE_TIMEOUT_S = 10.0


class LogSink:
    """A sink that logs to the database at `path`; no disk, however slow, holds up who calls it.

    Args:
        path: the database; its folder is made. May lie in RAM, such as below /run.
        info: what runs at this moment.
        say: told once when logging has to stop, when it goes on, and what was lost.
        wait: whether `take` waits while readings find no room, as a source may that is not live; while the log cannot
            be written, they are lost all the same.
        max_bytes: what all files of the log take at most; None is a share of the file system.
        batch_s: after which time what was taken is written.
        clock: stamps everything.
    """

    def __init__(
        self,
        path: Path,
        info: Callable[[], RunInfo],
        say: Callable[[str], None],
        *,
        wait: bool = False,
        max_bytes: int | None = None,
        batch_s: float = BATCH_S,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or system_clock()
        self._path, self._info, self._say, self._wait, self._batch_s = path, info, say, wait, batch_s
        self._book = Buffer(clock)
        now = info()
        run = RunRow(now.source, now.board, now.power_sensor, self._book.began_ms)
        self._log = LogWriter(path, run, say, clock, max_bytes)
        self._error: Exception | None = None
        self._wake, self._ended, self._room = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    def take(self, tick: FrameEvent) -> None:
        """Keep what a tick tells.

        Raises:
            Exception: what ended the thread that writes, once.
        """
        self._raise_error()
        while self._wait and self._book.full and not self._log.stopped and self._thread.is_alive():
            self._room.clear()
            self._wake.set()
            self._room.wait(0.5)
        self._book.take(tick)

    def note(self, text: str) -> None:
        """Keep a fault, such as a picture that could not be read; any thread may call it."""
        self._book.note(text)

    def close(self) -> None:
        """Write what is left, and mark the run as ended.

        Raises:
            Exception: what ended the thread that writes, where `take` did not raise it.
        """
        self._ended.set()
        self._wake.set()
        self._thread.join(CLOSE_TIMEOUT_S)
        self._raise_error()
        if self._book.lost and not self._log.stopped:
            self._say(f"{self._book.lost} rows never reached the log {self._path}, which was too slow")

    def _work(self) -> None:
        try:
            while not self._ended.is_set():
                self._write()
                self._wake.wait(self._batch_s)
                self._wake.clear()
            self._write(ended=True)
            self._log.close()
        except Exception as error:  # noqa: BLE001 - handed to the loop's thread, which raises it
            self._error = error

    def _write(self, *, ended: bool = False) -> None:
        self._book.chosen(self._info())
        batch = self._book.batch(ended=ended)
        if batch.due:
            self._log.write(batch, self._book.written)
        self._room.set()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error
