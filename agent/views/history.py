"""The recent past of a run, for the dashboard: newest frame, readings, latencies, power and temperature."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.capture.outage import Outage
from agent.events import Event, FaultEvent, FrameEvent, OutageEvent, SendingCounts, Vitals
from agent.forms.record import Record

RECENT_FRAMES = 300
"""Number of frames over which percentiles are computed."""
RECENT_READINGS = 200
"""Number of readings that are kept."""
RATE_NS = 3_000_000_000
"""The frame rate is measured over this time, in nanoseconds."""
BUCKET_NS = 500_000_000
"""Time that one bar of a sparkline covers, in nanoseconds; the bar shows the maximum."""
BUCKETS = 120
"""Number of bars, and of samples of power and temperature, that are kept."""


@dataclass(frozen=True)
class RecentReading:
    """A reading with the time at which it was announced."""

    at: datetime
    """Local time."""
    text: str
    confidence: float


@dataclass(frozen=True)
class RecentRecord:
    """A record with the time at which its sheet was recorded."""

    at: datetime
    """Local time."""
    record: Record


@dataclass(frozen=True)
class StageTimes:
    """Latency of one stage over the last frames, in milliseconds."""

    p50_ms: float
    p95_ms: float
    trend_ms: tuple[float, ...]
    """The maximum of each half second, oldest first."""


@dataclass(frozen=True)
class Snapshot:
    """The state of a run at one moment, as the dashboard shows it."""

    frame: FrameEvent | None = None
    """The newest frame; None before the first one."""
    readings: tuple[RecentReading, ...] = ()
    """The announced readings, newest first."""
    record: RecentRecord | None = None
    """The newest record; None before the first one."""
    stages: Mapping[str, StageTimes] = field(default_factory=dict)
    frames_per_s: float = 0.0
    since_frame_s: float = 0.0
    """Seconds since the newest frame, or since the start before the first one."""
    cpu: tuple[float, ...] = ()
    """The last measured loads of the processor, as shares 0..1, oldest first."""
    power_mw: tuple[float, ...] = ()
    """The last measured values of the power, in milliwatts, oldest first."""
    temperature_c: tuple[float, ...] = ()
    """The last measured temperatures, in degrees Celsius, oldest first."""
    fault: str = ""
    """Text of the last fault."""
    uptime_s: float = 0.0
    outage: Outage | None = None
    """The current outage of the camera; None while it gives frames."""
    sending: SendingCounts = field(default_factory=SendingCounts)
    """Counters of what carries readings off the board."""


class Trend:
    """The maximum of a quantity in each half second."""

    def __init__(self) -> None:
        self._peaks: deque[float] = deque(maxlen=BUCKETS)
        self._bucket = -1

    def add(self, value: float, now_ns: int) -> None:
        bucket = now_ns // BUCKET_NS
        if bucket != self._bucket or not self._peaks:
            self._bucket = bucket
            self._peaks.append(value)
        else:
            self._peaks[-1] = max(self._peaks[-1], value)

    def values(self) -> tuple[float, ...]:
        return tuple(self._peaks)


class History:
    """Collects events and returns snapshots. It is not thread-safe: its owner must lock it.

    Args:
        started_ns: `time.monotonic_ns()` at the start of the run.
    """

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns
        self._frame: FrameEvent | None = None
        self._readings: deque[RecentReading] = deque(maxlen=RECENT_READINGS)
        self._record: RecentRecord | None = None
        self._latency_ms: dict[str, deque[float]] = {}
        self._trends: dict[str, Trend] = {}
        self._finished_ns: deque[int] = deque(maxlen=RECENT_FRAMES)
        self._vitals: deque[Vitals] = deque(maxlen=BUCKETS)
        self._fault = ""
        self._outage: Outage | None = None

    def add(self, event: Event, at: datetime) -> None:
        """Add an event that happened at a local time."""
        if isinstance(event, FaultEvent):
            self._fault = event.text
        elif isinstance(event, OutageEvent):
            self._outage = event.outage
        else:
            self._add_frame(event, at)

    def _add_frame(self, event: FrameEvent, at: datetime) -> None:
        self._frame, self._outage = event, None
        self._finished_ns.append(event.finished_ns)
        self._readings.extendleft(RecentReading(at, one.shown_text, one.confidence) for one in event.announced)
        for record in event.records:
            self._record = RecentRecord(at, record)
        for stage, value_ms in event.latency_ms.items():
            self._latency_ms.setdefault(stage, deque(maxlen=RECENT_FRAMES)).append(value_ms)
            self._trends.setdefault(stage, Trend()).add(value_ms, event.finished_ns)
        vitals = event.vitals
        if vitals is not None and (not self._vitals or self._vitals[-1] is not vitals):
            self._vitals.append(vitals)

    def snapshot(self, now_ns: int) -> Snapshot:
        """Return the state of the run at `now_ns`, a value of `time.monotonic_ns()`."""
        last_ns = self._finished_ns[-1] if self._finished_ns else self._started_ns
        return Snapshot(
            frame=self._frame,
            readings=tuple(self._readings),
            record=self._record,
            stages={stage: self._stage_times(stage) for stage in self._latency_ms},
            frames_per_s=self._frames_per_s(now_ns),
            since_frame_s=(now_ns - last_ns) / 1e9,
            cpu=tuple(vitals.load.cpu for vitals in self._vitals if vitals.load.cpu is not None),
            power_mw=tuple(vitals.power_mw for vitals in self._vitals if vitals.power_mw is not None),
            temperature_c=tuple(vitals.temperature_c for vitals in self._vitals if vitals.temperature_c is not None),
            fault=self._fault,
            uptime_s=(now_ns - self._started_ns) / 1e9,
            outage=self._outage,
        )

    def _stage_times(self, stage: str) -> StageTimes:
        ordered = sorted(self._latency_ms[stage])
        p50_ms, p95_ms = (ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.50, 0.95))
        return StageTimes(p50_ms, p95_ms, self._trends[stage].values())

    def _frames_per_s(self, now_ns: int) -> float:
        """Return the frame rate over the last seconds, or over the last two frames if there are fewer in that time."""
        recent = [at for at in self._finished_ns if now_ns - at <= RATE_NS]
        if len(recent) < 2:
            recent = list(self._finished_ns)[-2:]
        span_ns = recent[-1] - recent[0] if recent else 0
        return (len(recent) - 1) * 1e9 / span_ns if span_ns else 0.0
