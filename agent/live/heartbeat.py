"""Reports the progress of a run to systemd.

Finished frames keep the watchdog from ending the service. Waiting for an absent camera does so too: the loop sends an
outage event after each of its short waits. If the camera's driver hangs for too long, the capture ends the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from agent.events import Event, FrameEvent, OutageEvent
from agent.sd_notify import READY, STOPPING, WATCHDOG, notify, status, watchdog_interval_s

PERIOD_S = 5.0
"""Longest time between two messages, in seconds; systemd's watchdog may ask for a shorter one. Not tuned."""


class Heartbeat:
    """A sink that sends READY=1 with the first frame or outage, and WATCHDOG=1 with later ones.

    Args:
        environ: environment of the process, in which systemd gives the address to notify.
        clock: current time, in seconds.
    """

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._environ, self._clock = environ, clock
        self._period_s = min(PERIOD_S, watchdog_interval_s(environ) or PERIOD_S)
        self._sent_s: float | None = None

    @property
    def in_service(self) -> bool:
        """Whether a service manager started this process and expects notifications from it."""
        return bool(self._environ.get("NOTIFY_SOCKET"))

    def take(self, event: Event) -> None:
        """Send the totals after a frame, or the state of the camera during an outage."""
        match event:
            case FrameEvent(counts=counts):
                self._send(f"{counts.readings} numbers read in {counts.frames} frames, {counts.dropped} dropped")
            case OutageEvent(outage):
                self._send(f"{outage}: {outage.reason}")

    def close(self) -> None:
        """Send STOPPING=1."""
        notify(self._environ, STOPPING)

    def _send(self, text: str) -> None:
        """Send a status line, unless the last one was sent a short time ago."""
        now_s = self._clock()
        if self._sent_s is not None and now_s - self._sent_s < self._period_s:
            return
        notify(self._environ, *([READY] if self._sent_s is None else []), WATCHDOG, status(text))
        self._sent_s = now_s
