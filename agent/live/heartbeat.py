"""Tells systemd how a run goes: a sink, so that the watchdog is fed by finished frames and by nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from agent.live.tick import Tick
from agent.notify import READY, STOPPING, WATCHDOG, notify, status, watchdog_interval_s

PERIOD_S = 5.0


class Heartbeat:
    """Ready with the first frame, alive with each one that is done.

    Args:
        environ: the process's environment, where systemd says whom to tell.
        clock: seconds.
    """

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._environ, self._clock = environ, clock
        self._period_s = min(PERIOD_S, watchdog_interval_s(environ) or PERIOD_S)
        self._told_s: float | None = None

    def take(self, tick: Tick) -> None:
        now_s = self._clock()
        if self._told_s is not None and now_s - self._told_s < self._period_s:
            return
        counts = tick.counts
        words = status(f"{counts.readings} numbers read in {counts.frames} frames, {counts.dropped} dropped")
        notify(self._environ, *([READY] if self._told_s is None else []), WATCHDOG, words)
        self._told_s = now_s

    def close(self) -> None:
        notify(self._environ, STOPPING)
