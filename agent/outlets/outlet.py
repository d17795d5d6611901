"""What every way off the board has in common: a thread that delivers, pauses between failures, and counters."""

from __future__ import annotations

import random
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from sqlite3 import Error as DatabaseError

from agent.events import OutletCounts
from agent.outlets.outbox import Outbox
from profiles.errors import OutputError

FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 60.0
"""Pauses after a first failure and after many, in seconds; each is twice as long as the one before. Raising them spares
a server that comes back after an outage, and delays the messages."""
REMIND_S = 3600.0
"""Time after which a reason is said again, in seconds: a server that comes and goes must not fill the journal."""
CLOSE_TIMEOUT_S = 5.0
"""Longest time for the last messages at the end of a run, in seconds. What is left waits for the next run."""


class Outlet(ABC):
    """Delivers the messages of the outbox on a thread of its own. Its maker calls `start`.

    Args:
        name: the outlet in the outbox, in messages and in metrics.
        outbox: holds the messages.
        warn: called when the delivery fails, and when it works again. Each reason is said once an hour.
        first_pause_s: pause after the first failure, in seconds.
    """

    def __init__(
        self, name: str, outbox: Outbox, warn: Callable[[str], None], *, first_pause_s: float = FIRST_PAUSE_S
    ) -> None:
        self.name = name
        self._outbox, self._warn, self._first_pause_s = outbox, warn, first_pause_s
        self._ended, self._deadline_s = threading.Event(), float("inf")
        self._wake, self._waker = socket.socketpair()
        for end in (self._wake, self._waker):
            end.setblocking(False)
        self._thread = threading.Thread(target=self._work, name=f"outlet-{name}", daemon=True)
        self._is_connected = False
        self._delivered = self._failures = 0
        self._pause_s = first_pause_s
        self._said, self._is_failure_known = dict[str, float](), False

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new; any thread may call this."""
        with suppress(OSError):  # full: it is awake; closed: it needs nothing more
            self._waker.send(b"\0")

    def counts(self) -> OutletCounts:
        """Return the counters; any thread may call this."""
        waiting, aside = self._outbox.waiting(self.name), len(self._outbox.aside(self.name))
        return OutletCounts(self.name, self._is_connected, self._delivered, waiting, self._failures, aside)

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Deliver what waits, as far as this works at once, and end."""
        self._deadline_s = time.monotonic() + timeout_s
        self._ended.set()
        self.wake()
        self._thread.join(2 * timeout_s)
        if not self._thread.is_alive():
            self._wake.close()
            self._waker.close()

    @abstractmethod
    def _deliver(self) -> None:
        """Deliver messages until the end; call `_works` as soon as a message was delivered.

        Raises:
            OutputError: the delivery failed.
        """

    def _is_over(self) -> bool:
        """Whether there is no time left."""
        return self._ended.is_set() and time.monotonic() >= self._deadline_s

    @property
    def _is_drained(self) -> bool:
        """Whether the run ends, and nothing waits."""
        return self._ended.is_set() and not self._outbox.after(self._outbox.confirmed(self.name), 1)

    def _work(self) -> None:
        while True:
            try:
                self._deliver()
            except OutputError as error:
                self._fail(str(error))
            except DatabaseError as error:
                if self._is_over():  # the outbox is closed, and a server has not answered in time
                    return
                self._fail(f"the outbox cannot be read ({error}); restart the agent, which begins a new one")
            except Exception as error:  # noqa: BLE001 - a thread that ends would send nothing that comes later
                self._fail(
                    f"{self.name} cannot send ({type(error).__name__}: {error}); the agent has a fault: report it"
                )
            if self._ended.is_set():
                return
            self._ended.wait(self._next_pause_s())

    def _works(self) -> None:
        """Note that messages get through."""
        self._is_connected = True
        self._pause_s = self._first_pause_s
        if self._is_failure_known:
            self._is_failure_known = False
            self._warn(f"{self.name} works again; {self._outbox.waiting(self.name)} messages wait to be sent")

    def _fail(self, reason: str) -> None:
        self._is_connected = False
        self._failures += 1
        if self._say(f"{reason}; the messages wait in the outbox"):
            self._is_failure_known = True

    def _say(self, reason: str) -> bool:
        """Say a reason, unless it was said a short time ago; return whether it was said."""
        now_s = time.monotonic()
        if now_s - self._said.get(reason, -REMIND_S) >= REMIND_S:
            self._said[reason] = now_s
            self._warn(reason)
            return True
        return False

    def _next_pause_s(self) -> float:
        """Return the next pause: random, so that a thousand boards do not come back in the same second."""
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LAST_PAUSE_S)
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)

    def _set_aside(self, number: int, reason: OutputError) -> None:
        """Keep a message that cannot be delivered now, and let later ones go on.

        Raises:
            OutputError: too many messages are set aside.
        """
        if not self._outbox.set_aside(self.name, number):
            raise reason
        self._say(f"a message is set aside, and later ones go on: {reason}")

    def _drain_wake(self) -> None:
        with suppress(BlockingIOError):
            self._wake.recv(4096)
