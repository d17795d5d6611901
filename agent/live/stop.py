"""Stop a run when a signal asks for it, and end the process even if something in it hangs."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TIMEOUT_S = 20.0
"""Time from the first signal after which the process ends whatever still runs, in seconds. It must be longer than the
log needs for its last write, and shorter than the 90 s after which systemd kills the service. Raising it delays the
end. Chosen by trial."""


@contextmanager
def stop_on_signal(timeout_s: float = TIMEOUT_S) -> Iterator[threading.Event]:
    """Give an event that the first SIGINT or SIGTERM sets; a second signal has its usual effect.

    If the process still runs some time after the first signal, it ends with exit code 0: somebody asked for the end,
    and a failure would make systemd start the service again. Drivers may hang, and so does a write to a pipe that
    nobody reads, even while the interpreter exits.

    Args:
        timeout_s: time for the end of the run, in seconds.
    """
    stop = threading.Event()
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    received: list[int] = []

    def handle(number: int, _: object) -> None:
        signal.signal(number, previous[signal.Signals(number)])
        received.append(number)
        with suppress(BlockingIOError):  # full: the thread has not yet read what is in it
            writer.send(b"\0")

    def work() -> None:
        with reader:
            while numbers := reader.recv(4096):
                if received or not previous.keys().isdisjoint(numbers):
                    stop.set()
                    threading.Event().wait(timeout_s)
                    os._exit(0)

    # The interpreter writes each signal's number to the socket at once. It runs the handler only when the main thread
    # comes back to Python code: never, if the signal came just before a call that hangs. The handler says the same
    # again, because the number is lost if a flood of other signals has filled the socket.
    wakeup_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    threading.Thread(target=work, name="stop", daemon=True).start()
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup_fd)
        writer.close()
