"""The newest frame of a live source: a thread opens the source and reads it, and keeps the last frame only."""

from __future__ import annotations

import threading
from collections.abc import Callable

from agent.capture.source import Frame, Source


class LatestFrame:
    """Reads a live source on a thread of its own and keeps the newest frame only.

    The thread opens the source, reads it and closes it. A camera that hangs in its driver cannot be interrupted, so the
    thread is a daemon: it does not keep the process alive.

    Args:
        opening: opens the source; called once, on the thread.
    """

    def __init__(self, opening: Callable[[], Source]) -> None:
        self._opening = opening
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._dropped = 0
        self._ended = False
        self._error: Exception | None = None
        self._stop = threading.Event()
        self._source: Source | None = None
        self._thread = threading.Thread(target=self._read_frames, name="capture", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Number of frames that were replaced by a newer one before they were taken."""
        with self._changed:
            return self._dropped

    @property
    def ended(self) -> bool:
        """Whether the source has ended and its last frame was taken."""
        with self._changed:
            return self._ended and self._newest is None

    @property
    def released(self) -> bool:
        """Whether the thread has ended and has released the camera."""
        return not self._thread.is_alive()

    def get(self, timeout_s: float) -> Frame | None:
        """Wait for a frame that was not taken yet, and take it.

        Returns:
            The newest frame. None if there was none in time, or if the source has ended: see `ended`.

        Raises:
            SourceError: the source failed; frames from before the failure are returned first.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._ended, timeout_s)
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def stop(self) -> None:
        """Ask the thread to end, without waiting for it."""
        self._stop.set()
        if self._source is not None:
            self._source.interrupt()

    def close(self, timeout_s: float = 2.0) -> None:
        """Ask the thread to end, and wait for it until the timeout."""
        self.stop()
        self._thread.join(timeout_s)

    def __enter__(self) -> LatestFrame:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_frames(self) -> None:
        error: Exception | None = None
        try:
            with self._opening() as self._source:
                source = self._source
                while not self._stop.is_set() and (frame := source.read()) is not None:
                    self._keep(frame)
        except Exception as failure:  # noqa: BLE001 - `get` raises it again on the consumer's thread
            error = failure
        finally:
            with self._changed:
                self._error, self._ended = error, True
                self._changed.notify_all()

    def _keep(self, frame: Frame) -> None:
        with self._changed:
            self._dropped += self._newest is not None
            self._newest = frame
            self._changed.notify_all()
