"""Messages to systemd about the state of the service, as in sd_notify(3).

Without systemd there is no `$NOTIFY_SOCKET`, and no message is sent.
Source: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

READY = "READY=1"
"""The start has ended; systemd's watchdog runs from now on."""
WATCHDOG = "WATCHDOG=1"
"""The service makes progress. Send it from the main loop: another thread would send it even if the loop hangs."""
STOPPING = "STOPPING=1"
"""The service is about to stop."""


def status(text: str) -> str:
    """Return the message with a line for `systemctl status`."""
    return f"STATUS={' '.join(text.split())}"


def reloading(monotonic_ns: int) -> tuple[str, str]:
    """Return the messages for the start of a reload, at a time of `time.monotonic_ns()`; `READY` ends the reload."""
    return "RELOADING=1", f"MONOTONIC_USEC={monotonic_ns // 1000}"


def notify(environ: Mapping[str, str], *messages: str) -> bool:
    """Send messages to the service manager without waiting.

    Args:
        environ: environment of the process; `NOTIFY_SOCKET` is the path of a datagram socket, or `@` and the name of an
            abstract socket.
        messages: `READY`, `WATCHDOG`, `STOPPING`, or the results of `status(…)` and `reloading(…)`.

    Returns:
        Whether the messages were sent: False without a service manager, or if it does not accept them.
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
    """Return the interval for `WATCHDOG` in seconds, half of systemd's limit; None without a watchdog.

    Args:
        environ: environment of the process: `WATCHDOG_USEC`, the limit in microseconds, and `WATCHDOG_PID`, the process
            that is watched.
        pid: ID of this process; None asks the system.
    """
    watched_pid = environ.get("WATCHDOG_PID", "")
    if watched_pid and watched_pid != str(os.getpid() if pid is None else pid):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 2e6 if microseconds.isdecimal() and int(microseconds) else None
