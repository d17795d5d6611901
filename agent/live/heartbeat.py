"""Tells systemd how a run goes: a sink, so that the watchdog is fed by finished frames.

One thing besides is life: that a camera which is away is being waited for. The loop itself tells so between its waits,
each of which is short; a camera that hangs does not prolong it for ever, for the capture fails the run then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from agent.capture.outage import Outage
from agent.events import FrameEvent
from agent.sd_notify import READY, STOPPING, WATCHDOG, notify, status, watchdog_interval_s

PERIOD_S = 5.0


class Heartbeat:
    """Ready with the first frame, or when one is waited for; alive with each one that is done, and while it waits.

    Args:
        environ: the process's environment, where systemd says whom to tell.
        clock: seconds.
    """

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._environ, self._clock = environ, clock
        self._period_s = min(PERIOD_S, watchdog_interval_s(environ) or PERIOD_S)
        self._told_s: float | None = None

    @property
    def heard(self) -> bool:
        """Whether a service manager listens."""
        return bool(self._environ.get("NOTIFY_SOCKET"))

    def take(self, tick: FrameEvent) -> None:
        counts = tick.counts
        self._tell(f"{counts.readings} numbers read in {counts.frames} frames, {counts.dropped} dropped")

    def waiting(self, away: Outage) -> None:
        """The camera is away, and is being opened again."""
        self._tell(f"{away}: {away.reason}")

    def close(self) -> None:
        notify(self._environ, STOPPING)

    def _tell(self, words: str) -> None:
        now_s = self._clock()
        if self._told_s is not None and now_s - self._told_s < self._period_s:
            return
        notify(self._environ, *([READY] if self._told_s is None else []), WATCHDOG, status(words))
        self._told_s = now_s
