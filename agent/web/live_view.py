"""What a run shows to the web page: a sink that only remembers the newest of everything, in a bounded memory.

Nobody waits for those who look: they take what is there when they are ready, and what they missed is counted. If nobody
looks, an event costs a few assignments.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

from agent.capture.outage import Outage
from agent.events import Event, FaultEvent, FrameEvent, OutageEvent, RunInfo
from profiles.foreign_text import show

KEPT_READINGS = 200
"""Readings and records that are remembered for those who look. Raising it lets a slower client miss fewer of them."""
RATE_FRAMES = 30
"""Frames over which the frame rate is measured."""
MAX_VIEWERS = 40
"""Open streams of pictures and of events, together."""


@dataclass(frozen=True)
class LiveReading:
    """An announced reading."""

    number: int
    """Counts records and readings of the run together, from 1."""
    at: str
    """ISO 8601, UTC."""
    text: str
    confidence: float


@dataclass(frozen=True)
class LiveField:
    """A field of a record."""

    name: str
    value: str
    """Empty without a value."""
    sure: bool


@dataclass(frozen=True)
class LiveRecord:
    """A sheet that was recorded."""

    number: int
    """Counts records and readings of the run together, from 1."""
    at: str
    """ISO 8601, UTC."""
    form: str
    fields: tuple[LiveField, ...]


@dataclass(frozen=True)
class NumberInView:
    """A number in the newest frame that is not announced yet."""

    text: str
    waits_for: str


@dataclass(frozen=True)
class LiveStatus:
    """State of the run; None is a value that was not measured."""

    source: str
    board: str
    artifact: str
    runtime: str
    reason: str
    paused: bool
    slowed: str
    """How the agent limits itself on a hot board, in words; empty at full speed."""
    frames: int
    dropped: int
    readings: int
    frames_per_s: float
    latency_ms: float | None
    """Time from capture to result of the newest frame that was analysed."""
    power_mw: float | None
    temperature_c: float | None
    throttling: tuple[str, ...] | None
    waiting: tuple[NumberInView, ...]
    form_note: str
    """Why the sheet in view is not recorded now, in words; empty if the run reads no forms."""
    outage: str
    """Why the camera gives no frames, in words; empty if it does."""
    fault: str
    """Text of the last fault; empty if there was none."""
    missed_readings: int
    """Readings and records that came too fast for a stream of events, of all streams together."""


class LiveView:
    """A sink that remembers the newest frame and the last readings.

    Args:
        info: returns the current description of the run.
        want_dropped: demands what the run drops, and why, for the next seconds.
    """

    def __init__(self, info: Callable[[], RunInfo], want_dropped: Callable[[], None] = lambda: None) -> None:
        self._info, self.want_dropped, self._lock = info, want_dropped, threading.Lock()
        self._readings: deque[LiveReading | LiveRecord] = deque(maxlen=KEPT_READINGS)
        self._finished_ns: deque[int] = deque(maxlen=RATE_FRAMES)
        self._latency_ms: float | None = None
        self._outage: Outage | None = None
        self._fault = ""
        self._viewers = self._missed = 0
        self.frame: FrameEvent | None = None
        self.ended = False

    def take(self, event: Event) -> None:
        """Remember an event."""
        if isinstance(event, FaultEvent):
            self._fault = event.text
        elif isinstance(event, OutageEvent):
            self._outage = event.outage
        else:
            self._take_frame(event)

    def close(self) -> None:
        """Let the streams end."""
        self.ended = True

    def _take_frame(self, event: FrameEvent) -> None:
        self.frame, self._outage = event, None
        self._finished_ns.append(event.finished_ns)
        self._latency_ms = event.latency_ms.get("total", self._latency_ms)
        if event.announced or event.records:
            at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            with self._lock:
                number = self._readings[-1].number + 1 if self._readings else 1
                for offset, reading in enumerate(event.announced):
                    self._readings.append(LiveReading(number + offset, at, reading.shown_text, reading.confidence))
                number += len(event.announced)
                for offset, record in enumerate(event.records):
                    fields = (LiveField(one.name, one.value_text, one.is_sure) for one in record.fields)
                    self._readings.append(LiveRecord(number + offset, at, record.form, tuple(fields)))

    def readings_after(self, number: int) -> tuple[LiveReading | LiveRecord, ...]:
        """Return the remembered readings and records with a larger number, and count those that are forgotten."""
        with self._lock:
            new = tuple(reading for reading in self._readings if reading.number > number)
            if new and number:
                self._missed += new[0].number - number - 1
        return new

    @property
    def is_full(self) -> bool:
        """Whether as many streams are open as there may be."""
        return self._viewers >= MAX_VIEWERS

    @contextmanager
    def viewer(self) -> Iterator[None]:
        """Count a stream while it is open."""
        with self._lock:
            self._viewers += 1
        try:
            yield
        finally:
            with self._lock:
                self._viewers -= 1

    def status(self) -> LiveStatus:
        """Return the state of the run."""
        info, frame, times_ns = self._info(), self.frame, list(self._finished_ns)
        vitals = frame.vitals if frame is not None else None
        passed_s = (times_ns[-1] - times_ns[0]) / 1e9 if times_ns else 0.0
        return LiveStatus(
            source=info.source,
            board=info.board,
            artifact=info.artifact,
            runtime=info.runtime,
            reason=info.reason,
            paused=info.paused,
            slowed=info.slowed,
            frames=frame.counts.frames if frame else 0,
            dropped=frame.counts.dropped if frame else 0,
            readings=frame.counts.readings if frame else 0,
            frames_per_s=(len(times_ns) - 1) / passed_s if passed_s > 0 else 0.0,
            latency_ms=self._latency_ms,
            power_mw=vitals.power_mw if vitals else None,
            temperature_c=vitals.temperature_c if vitals else None,
            throttling=vitals.throttling if vitals else None,
            waiting=tuple(
                NumberInView(one.reading.shown_text, one.waits_for) for one in (frame.sightings if frame else ())
            ),
            form_note=frame.form_note if frame else "",
            outage=show(self._outage.reason) if self._outage else "",
            fault=self._fault,
            missed_readings=self._missed,
        )
