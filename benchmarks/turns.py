"""Timing by turns, so that a change of the clock frequency meets all alike.

What counts is the processor's time, of all threads together: no other program disturbs it, and no thread hides.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence


def median_ms(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The median processor time of each call, in milliseconds: all are made once to warm up, then by turns."""
    took_ms: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(rounds):
        for call, times in zip(calls, took_ms, strict=True):
            start = time.process_time_ns()
            call()
            times.append((time.process_time_ns() - start) / 1e6)
    return [statistics.median(times) for times in took_ms]
