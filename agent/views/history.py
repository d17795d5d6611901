"""What a dashboard remembers of a run: the newest tick, recent readings, and how the figures went lately."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.capture.outage import Outage
from agent.events import FrameEvent, Vitals

RECENT_FRAMES = 300
RECENT_READINGS = 200
RATE_NS = 3_000_000_000
"""The frame rate is that of the last three seconds."""
BUCKET_NS = 500_000_000
"""A sparkline's step: it shows the highest value of each half second."""
BUCKETS = 120


@dataclass(frozen=True)
class Heard:
    """A reading, and when it was announced."""

    at: datetime
    """Local time."""
    text: str
    confidence: float


@dataclass(frozen=True)
class StageFigures:
    """One stage, over the last frames."""

    p50_ms: float
    p95_ms: float
    trend_ms: tuple[float, ...]


@dataclass(frozen=True)
class Snapshot:
    """A moment of a run, as a dashboard shows it."""

    tick: FrameEvent | None = None
    """The newest; None before the first frame."""
    heard: tuple[Heard, ...] = ()
    """Newest first."""
    stages: Mapping[str, StageFigures] = field(default_factory=dict)
    frames_per_s: float = 0.0
    since_frame_s: float = 0.0
    """Since the newest frame, or since the start."""
    power_mw: tuple[float, ...] = ()
    """The last samples, oldest first; those that were measured."""
    temperature_c: tuple[float, ...] = ()
    notice: str = ""
    """What was said last."""
    uptime_s: float = 0.0
    away: Outage | None = None
    """What was told of a camera that is away, since the newest frame."""


class Trend:
    """The highest value of each half second."""

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
    """Takes ticks, gives snapshots; its owner keeps threads apart.

    Args:
        started_ns: `time.monotonic_ns()` at the start.
    """

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns
        self._tick: FrameEvent | None = None
        self._heard: deque[Heard] = deque(maxlen=RECENT_READINGS)
        self._recent: dict[str, deque[float]] = {}
        self._trends: dict[str, Trend] = {}
        self._finished_ns: deque[int] = deque(maxlen=RECENT_FRAMES)
        self._vitals: deque[Vitals] = deque(maxlen=BUCKETS)
        self._notice = ""
        self._away: Outage | None = None

    def add(self, tick: FrameEvent, at: datetime) -> None:
        self._tick, self._away = tick, None
        self._finished_ns.append(tick.finished_ns)
        self._heard.extendleft(Heard(at, reading.text, reading.confidence) for reading in tick.announced)
        for stage, value_ms in tick.latency_ms.items():
            self._recent.setdefault(stage, deque(maxlen=RECENT_FRAMES)).append(value_ms)
            self._trends.setdefault(stage, Trend()).add(value_ms, tick.finished_ns)
        vitals = tick.vitals
        if vitals is not None and (not self._vitals or self._vitals[-1] is not vitals):
            self._vitals.append(vitals)

    def note(self, text: str) -> None:
        self._notice = text

    def waiting(self, away: Outage) -> None:
        self._away = away

    def snapshot(self, now_ns: int) -> Snapshot:
        last_ns = self._finished_ns[-1] if self._finished_ns else self._started_ns
        return Snapshot(
            tick=self._tick,
            heard=tuple(self._heard),
            stages={stage: self._figures(stage) for stage in self._recent},
            frames_per_s=self._frames_per_s(now_ns),
            since_frame_s=(now_ns - last_ns) / 1e9,
            power_mw=tuple(vitals.power_mw for vitals in self._vitals if vitals.power_mw is not None),
            temperature_c=tuple(vitals.temperature_c for vitals in self._vitals if vitals.temperature_c is not None),
            notice=self._notice,
            uptime_s=(now_ns - self._started_ns) / 1e9,
            away=self._away,
        )

    def _figures(self, stage: str) -> StageFigures:
        ordered = sorted(self._recent[stage])
        p50_ms, p95_ms = (ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.50, 0.95))
        return StageFigures(p50_ms, p95_ms, self._trends[stage].values())

    def _frames_per_s(self, now_ns: int) -> float:
        """Frames of the last seconds by their own times; a slow board's by its last two."""
        recent = [at for at in self._finished_ns if now_ns - at <= RATE_NS]
        if len(recent) < 2:
            recent = list(self._finished_ns)[-2:]
        span_ns = recent[-1] - recent[0] if recent else 0
        return (len(recent) - 1) * 1e9 / span_ns if span_ns else 0.0
