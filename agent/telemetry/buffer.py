"""Buffer in memory for rows of the log, and for measurements that are added up by the minute."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from agent.events import Counts, FrameEvent, RunInfo, Vitals
from agent.histogram import LatencyHistogram
from agent.telemetry.clock import LogClock
from agent.telemetry.pictures import NO_PICTURES, KeepPictures
from agent.telemetry.record_rows import fields_json
from agent.telemetry.rollup import Rollup, pack

MINUTE_MS = 60_000
MAX_ROWS = {"readings": 20_000, "records": 1_000, "faults": 1_000, "choices": 100, "minutes": 120, "pictures": 200}
"""Rows by table that may wait while nothing can be written. Further rows are lost and counted."""
MAX_GAP_MS = 10_000
"""Longest time between two samples of power across which energy is integrated, in milliseconds."""
MAX_FAULT_CHARACTERS = 500
"""Characters of a fault that are kept."""

Row = tuple[object, ...]


@dataclass(frozen=True)
class LogBatch:
    """Rows that are written in one transaction."""

    rows: Mapping[str, tuple[Row, ...]]
    """Rows by table; a row has the columns that follow `run`."""
    counts: Counts
    lost: int
    """Rows lost since the run began, because the buffer was full."""
    after_ms: int
    """Time of the batch, since the run began."""
    ended: bool
    """Whether the run has ended."""

    @property
    def due(self) -> bool:
        """Whether there is anything to write."""
        return self.ended or any(self.rows.values())


class Buffer:
    """Collects rows from any thread, and gives them in batches.

    Rows stay until they are confirmed as written, so the next batch contains the rows of a failed batch.

    Args:
        clock: gives each row its time.
        pictures: of which readings cut-outs are kept.
    """

    def __init__(self, clock: LogClock, pictures: KeepPictures = NO_PICTURES) -> None:
        self._clock, self._pictures = clock, pictures
        self._lock = threading.Lock()
        self._began_ms = clock.steady_ms()
        self._rows: dict[str, deque[Row]] = {table: deque() for table in MAX_ROWS}
        self._lost = 0
        self._counts = Counts()
        self._minute, self._minute_at_ms, self._minute_after_ms = Rollup(), clock.wall_ms(), 0
        self._choice: Row | None = None
        self._vitals: Vitals | None = None

    @property
    def full(self) -> bool:
        """Whether there is no room for what another frame may add."""
        return any(len(self._rows[table]) >= MAX_ROWS[table] for table in ("readings", "records", "pictures"))

    @property
    def lost(self) -> int:
        """Rows lost since the run began, because the buffer was full."""
        return self._lost

    @property
    def began_ms(self) -> int:
        """Start of the run on the steady clock."""
        return self._began_ms

    def add_frame(self, event: FrameEvent) -> None:
        """Add the readings and measurements of a frame."""
        pictures = list(self._pictures.of(event))
        with self._lock:
            at_ms, after_ms = self._next_time()
            minute = self._minute
            minute.frames += event.counts.frames - self._counts.frames
            minute.dropped += event.counts.dropped - self._counts.dropped
            self._counts = event.counts
            for stage, value_ms in event.latency_ms.items():
                minute.latency.setdefault(stage, LatencyHistogram()).add(value_ms)
            for reading in event.announced:
                confidence_permille = round(reading.confidence * 1000)
                columns = (event.number, event.source, reading.text, confidence_permille, *reading.box)
                minute.readings += self._append("readings", (at_ms, after_ms, *columns))
            for reading, sure, part in pictures:
                place = event.number, reading.box.x, reading.box.y
                self._append("pictures", (*place, sure, part.jpeg, *part.box))
            for record in event.records:
                self._append("records", (at_ms, after_ms, event.number, event.source, record.form, fields_json(record)))
            if event.vitals is not None and (
                self._vitals is None or event.vitals.measured_ns != self._vitals.measured_ns
            ):
                self._add_vitals(event.vitals, self._vitals)
                self._vitals = event.vitals

    def add_fault(self, text: str) -> None:
        """Add a fault."""
        with self._lock:
            self._append("faults", (*self._next_time(), text[:MAX_FAULT_CHARACTERS]))

    def add_choice(self, info: RunInfo) -> None:
        """Add the artifact in use, if it has changed."""
        choice = (info.artifact, info.runtime, info.reason)
        with self._lock:
            if choice != self._choice:
                self._choice = choice
                self._append("choices", (*self._next_time(), *choice))

    def batch(self, *, ended: bool = False) -> LogBatch:
        """Return all waiting rows. The current minute is part of them only if the run has ended."""
        with self._lock:
            _, after_ms = self._next_time(ended=ended)
            rows = {table: tuple(waiting) for table, waiting in self._rows.items()}
            return LogBatch(rows, self._counts, self._lost, after_ms, ended)

    def confirm(self, batch: LogBatch) -> None:
        """Remove the rows of a batch that was written."""
        with self._lock:
            for table, rows in batch.rows.items():
                for _ in rows:
                    self._rows[table].popleft()

    def _append(self, table: str, row: Row) -> bool:
        """Append a row, and return True, or count it as lost if the table is full."""
        if len(self._rows[table]) >= MAX_ROWS[table]:
            self._lost += 1
            return False
        self._rows[table].append(row)
        return True

    def _next_time(self, *, ended: bool = False) -> tuple[int, int]:
        """Return the wall time and the time since the run began; close the current minute if it is over.

        A minute is over when the steady clock has counted one, or when the wall clock shows another one.
        """
        at_ms, after_ms = self._clock.wall_ms(), self._clock.steady_ms() - self._began_ms
        duration_ms = after_ms - self._minute_after_ms
        if ended or duration_ms >= MINUTE_MS or at_ms // MINUTE_MS != self._minute_at_ms // MINUTE_MS:
            self._minute.duration_ms = duration_ms
            if duration_ms or self._minute.frames:
                self._append("minutes", (self._minute_at_ms, self._minute_after_ms, pack(self._minute)))
            self._minute, self._minute_at_ms, self._minute_after_ms = Rollup(), at_ms, after_ms
        return at_ms, after_ms

    def _add_vitals(self, vitals: Vitals, previous: Vitals | None) -> None:
        passed_ms = (vitals.measured_ns - previous.measured_ns) // 1_000_000 if previous is not None else 0
        consecutive = previous is not None and 0 < passed_ms <= MAX_GAP_MS
        previous_mw = previous.power_mw if previous is not None and consecutive else None
        self._minute.add_power(vitals.power_mw, previous_mw, passed_ms)
        self._minute.add_temperature(vitals.temperature_c)
        if vitals.throttling and consecutive:
            self._minute.throttled_ms += passed_ms
