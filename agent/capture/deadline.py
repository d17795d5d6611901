"""A time limit for all that happens on a socket.

A socket's own timeout begins again with each byte, so a server that sends one byte a second could hold a reader for
days. This limit shuts the socket down, whatever the reader waits for: an answer, a header, or the next picture.
"""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from collections.abc import Callable


class Deadline:
    """Shuts a socket down at a time, from a thread of its own; the reader then finds the end of the data.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at_s = self._wakes_at_s = math.inf
        self._socket: socket.socket | None = None
        self._changed = threading.Condition()
        self._closed = self._passed = False
        threading.Thread(target=self._work, name="deadline", daemon=True).start()

    @property
    def passed(self) -> bool:
        """Whether the time has come since the last `set`."""
        with self._changed:
            return self._passed

    def set(self, seconds: float) -> None:
        """Let the limit be this many seconds from now; infinity removes it."""
        with self._changed:
            self._at_s, self._passed = self._clock() + seconds, False
            if self._at_s < self._wakes_at_s:  # otherwise the thread wakes early enough by itself
                self._changed.notify()

    def watch(self, connected: socket.socket) -> None:
        """Watch a socket from now on, and no other one."""
        with self._changed:
            self._forget()
            self._socket = connected.dup()  # TLS takes the socket itself over
            if self._closed:
                self._shut_down()

    def close(self) -> None:
        """Shut the socket down now, and each socket that is watched later."""
        with self._changed:
            self._closed = True
            self._shut_down()
            self._forget()
            self._changed.notify()

    def _work(self) -> None:
        with self._changed:
            while not self._closed:
                left_s = self._at_s - self._clock()
                if left_s <= 0:
                    self._passed, self._at_s = True, math.inf
                    self._shut_down()
                else:
                    self._wakes_at_s = self._at_s
                    self._changed.wait(None if math.isinf(left_s) else left_s)

    def _shut_down(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # the other side has closed it
                self._socket.shutdown(socket.SHUT_RDWR)

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
