"""What waits in memory to be written: rows that are kept long, and figures, added up by the minute."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from agent.events import Counts, FrameEvent, RunInfo, Vitals
from agent.histogram import LatencyHistogram
from agent.telemetry.clock import Clock
from agent.telemetry.rollup import Rollup, pack

MINUTE_MS = 60_000
LIMITS = {"readings": 20_000, "faults": 1_000, "choices": 100, "minutes": 120}
"""Rows of a table that may wait while nothing can be written; what comes then is lost, and counted."""
MAX_GAP_MS = 10_000
"""Samples of power further apart than this tell nothing of the time between them."""
MAX_TEXT = 500
"""Characters of a fault that are kept."""

Row = tuple[object, ...]


@dataclass(frozen=True)
class Batch:
    """What is to be written at once, or not at all."""

    rows: Mapping[str, tuple[Row, ...]]
    """By table; a row is the table's columns after the run."""
    counts: Counts
    lost: int
    """Rows that found no room in memory, since the run began."""
    after_ms: int
    """When it was made, since the run began."""
    ended: bool

    @property
    def due(self) -> bool:
        """Whether there is anything to write."""
        return self.ended or any(self.rows.values())


class Buffer:
    """Takes what happens, on any thread, and gives it in batches.

    Rows stay until they are said to be written, so a batch that failed is part of the next one.

    Args:
        clock: stamps everything.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began_ms = clock.steady_ms()
        self._rows: dict[str, deque[Row]] = {table: deque() for table in LIMITS}
        self._lost = 0
        self._counts = Counts()
        self._minute, self._minute_at_ms, self._minute_after_ms = Rollup(), clock.wall_ms(), 0
        self._choice: Row | None = None
        self._vitals: Vitals | None = None

    @property
    def full(self) -> bool:
        """Whether there is no room for another frame's readings."""
        return len(self._rows["readings"]) >= LIMITS["readings"]

    @property
    def lost(self) -> int:
        """Rows that found no room in memory."""
        return self._lost

    @property
    def began_ms(self) -> int:
        """When the run began, by the steady clock."""
        return self._began_ms

    def take(self, tick: FrameEvent) -> None:
        """Keep what a tick tells."""
        with self._lock:
            at_ms, after_ms = self._turn()
            minute = self._minute
            minute.frames += tick.counts.frames - self._counts.frames
            minute.dropped += tick.counts.dropped - self._counts.dropped
            self._counts = tick.counts
            for stage, value_ms in tick.latency_ms.items():
                minute.latency.setdefault(stage, LatencyHistogram()).add(value_ms)
            for reading in tick.announced:
                sure_permille = round(reading.confidence * 1000)
                what = (tick.number, tick.source, reading.text, sure_permille, *reading.box)
                minute.readings += self._keep("readings", (at_ms, after_ms, *what))
            if tick.vitals is not None and (
                self._vitals is None or tick.vitals.measured_ns != self._vitals.measured_ns
            ):
                self._measure(tick.vitals, self._vitals)
                self._vitals = tick.vitals

    def note(self, text: str) -> None:
        """Keep a fault."""
        with self._lock:
            self._keep("faults", (*self._turn(), text[:MAX_TEXT]))

    def chosen(self, info: RunInfo) -> None:
        """Keep which artifact runs, where it is another than before."""
        choice = (info.artifact, info.runtime, info.reason)
        with self._lock:
            if choice != self._choice:
                self._choice = choice
                self._keep("choices", (*self._turn(), *choice))

    def batch(self, *, ended: bool = False) -> Batch:
        """All that waits; the minute under way only when the run has ended."""
        with self._lock:
            _, after_ms = self._turn(ended=ended)
            rows = {table: tuple(waiting) for table, waiting in self._rows.items()}
            return Batch(rows, self._counts, self._lost, after_ms, ended)

    def written(self, batch: Batch) -> None:
        """Forget a batch."""
        with self._lock:
            for table, rows in batch.rows.items():
                for _ in rows:
                    self._rows[table].popleft()

    def _keep(self, table: str, row: Row) -> bool:
        """Keep a row where there is room; whether there was."""
        if len(self._rows[table]) >= LIMITS[table]:
            self._lost += 1
            return False
        self._rows[table].append(row)
        return True

    def _turn(self, *, ended: bool = False) -> tuple[int, int]:
        """The time on the wall and since the run began; a minute that is over by either clock is put away."""
        at_ms, after_ms = self._clock.wall_ms(), self._clock.steady_ms() - self._began_ms
        lasted_ms = after_ms - self._minute_after_ms
        if ended or lasted_ms >= MINUTE_MS or at_ms // MINUTE_MS != self._minute_at_ms // MINUTE_MS:
            self._minute.span_ms = lasted_ms
            if lasted_ms or self._minute.frames:
                self._keep("minutes", (self._minute_at_ms, self._minute_after_ms, pack(self._minute)))
            self._minute, self._minute_at_ms, self._minute_after_ms = Rollup(), at_ms, after_ms
        return at_ms, after_ms

    def _measure(self, vitals: Vitals, before: Vitals | None) -> None:
        passed_ms = (vitals.measured_ns - before.measured_ns) // 1_000_000 if before is not None else 0
        known = before is not None and 0 < passed_ms <= MAX_GAP_MS
        previous_mw = before.power_mw if before is not None and known else None
        self._minute.measured_power(vitals.power_mw, previous_mw, passed_ms)
        self._minute.measured_temperature(vitals.temperature_c)
        if vitals.throttling and known:
            self._minute.throttled_ms += passed_ms
