"""Telling systemd how the service is: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html.

Outside of systemd there is no `$NOTIFY_SOCKET`, and nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

READY = "READY=1"
"""Start-up is over; before it, systemd's watchdog does not run."""
WATCHDOG = "WATCHDOG=1"
"""Work goes on. Send it from the work's own progress, never from a spare thread: that would feed it for a dead loop."""
STOPPING = "STOPPING=1"


def status(text: str) -> str:
    """The line that `systemctl status` shows."""
    return f"STATUS={' '.join(text.split())}"


def reloading(monotonic_ns: int) -> tuple[str, str]:
    """That a reload begins, at a time of `time.monotonic_ns()`; `READY` ends it."""
    return "RELOADING=1", f"MONOTONIC_USEC={monotonic_ns // 1000}"


def notify(environ: Mapping[str, str], *messages: str) -> bool:
    """Send messages to the service manager; never waits.

    Args:
        environ: the process's environment; `NOTIFY_SOCKET` is the path of a datagram socket, or after an `@` the name
            of an abstract one.
        messages: `READY`, `WATCHDOG`, `STOPPING`, `status(…)`, those of `reloading(…)`.

    Returns:
        Whether they were sent: False without a service manager, or where it does not take them.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto("\n".join(messages).encode(), address)
        except OSError:
            return False
    return True


def watchdog_interval_s(environ: Mapping[str, str], pid: int | None = None) -> float | None:
    """How often to send `WATCHDOG`, in seconds: half of what systemd allows; None where it does not watch us.

    Args:
        environ: the process's environment; `WATCHDOG_USEC` in microseconds, `WATCHDOG_PID` for whom it is meant.
        pid: this process; None asks the system.
    """
    meant_for = environ.get("WATCHDOG_PID", "")
    if meant_for and meant_for != str(os.getpid() if pid is None else pid):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 2e6 if microseconds.isdecimal() and int(microseconds) else None
