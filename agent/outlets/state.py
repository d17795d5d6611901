"""The state of a run in figures: the measures of each minute, and the board's health."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version

import msgspec

from agent.capture.outage import Outage
from agent.events import Counts, Event, FaultEvent, FrameEvent, OutageEvent, RunInfo, Vitals
from agent.histogram import LatencyHistogram
from agent.outlets.message import utc
from agent.sensors.throttling import UNDER_VOLTAGE

RECENT_READINGS = 100
"""Readings whose mean confidence is the present one. Raising it makes it steadier, and later."""
LONG_READINGS = 5000
"""Readings over which the earlier confidence is a moving mean. Raising it compares with a longer time."""

FREQUENT = frozenset({"last_reading", "confidence", "confidence_before"})
"""Keys of the health that change with every reading."""


class LongConfidence(msgspec.Struct):
    """The moving mean of the confidence over many readings, also over restarts."""

    mean: float = 0.0
    readings: int = 0

    def add(self, confidence: float) -> None:
        """Add a reading."""
        self.readings = min(self.readings + 1, LONG_READINGS)
        self.mean += (confidence - self.mean) / self.readings


@dataclass
class _Minute:
    """What is counted from one minute to the next."""

    began_s: float
    began: Counts
    confidences: list[float] = field(default_factory=list)
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)


class RunState:
    """Sums up a run. Frames come from the loop's thread, everything else from any.

    Args:
        info: describes the run at this moment.
        long_confidence: the earlier confidence, as `long_confidence` gave it in the last run; empty if there is none.
        clock_s: current time, in seconds.
        now: current date and time.
    """

    def __init__(
        self,
        info: Callable[[], RunInfo],
        long_confidence: str = "",
        *,
        clock_s: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._info, self._clock_s, self._now = info, clock_s, now
        self._lock = threading.Lock()
        self._since, self._version = utc(now()), version("digit-agent")
        self._counts, self._vitals = Counts(), Vitals(0)
        self._outage: Outage | None = None
        self._faults, self._fault, self._last_reading = 0, "", ""
        self._minute = _Minute(clock_s(), self._counts)
        self._recent: deque[float] = deque(maxlen=RECENT_READINGS)
        self._long = msgspec.json.decode(long_confidence, type=LongConfidence) if long_confidence else LongConfidence()

    def take(self, event: Event) -> None:
        """Add an event."""
        with self._lock:
            match event:
                case FrameEvent():
                    self._take_frame(event)
                case OutageEvent(outage):
                    self._outage = outage
                case FaultEvent(text):
                    self._faults, self._fault = self._faults + 1, text

    @property
    def vitals(self) -> Vitals:
        """The newest sample of the sensors."""
        return self._vitals

    @property
    def long_confidence(self) -> str:
        """The earlier confidence, for the next run."""
        with self._lock:
            return msgspec.json.encode(self._long).decode()

    def measures(self) -> dict[str, object]:
        """Return the figures since the last call; None is what was not measured."""
        with self._lock:
            now_s, counts, vitals = self._clock_s(), self._counts, self._vitals
            minute, self._minute = self._minute, _Minute(now_s, counts)
        seconds, frames = now_s - minute.began_s, counts.frames - minute.began.frames
        latency = minute.latency.percentiles() if minute.latency.bins else None
        return {
            "seconds": round(seconds, 1),
            "frames": frames,
            "dropped": counts.dropped - minute.began.dropped,
            "readings": counts.readings - minute.began.readings,
            "digits": counts.digits - minute.began.digits,
            "records": counts.records - minute.began.records,
            "frames_per_s": round(frames / seconds, 2) if seconds > 0 else 0.0,
            "confidence": _mean(minute.confidences),
            "latency_p50_ms": None if latency is None else round(latency.p50_ms, 1),
            "latency_p95_ms": None if latency is None else round(latency.p95_ms, 1),
            "temperature_c": vitals.temperature_c,
            "power_w": None if vitals.power_mw is None else round(vitals.power_mw / 1000, 3),
            "cpu": None if vitals.load.cpu is None else round(vitals.load.cpu, 3),
            "memory": None if vitals.load.memory is None else round(vitals.load.memory, 3),
        }

    def health(self) -> dict[str, object]:
        """Return the state at this moment. Only the keys in FREQUENT change with every reading."""
        info = self._info()
        with self._lock:
            throttling, outage = self._vitals.throttling, self._outage
            return {
                "version": self._version,
                "since": self._since,
                "board_profile": info.board,
                "source": info.source,
                "artifact": info.artifact,
                "runtime": info.runtime,
                "paused": info.paused,
                "slowed": info.slowed,
                "outage": outage.reason if outage else "",
                "throttling": list(throttling or ()),
                "under_voltage": None if throttling is None else UNDER_VOLTAGE in throttling,
                "faults": self._faults,
                "fault": self._fault,
                "last_reading": self._last_reading,
                "confidence": _mean(self._recent),
                "confidence_before": round(self._long.mean, 4) if self._long.readings else None,
            }

    def _take_frame(self, event: FrameEvent) -> None:
        self._counts, self._outage = event.counts, None
        self._vitals = event.vitals or self._vitals
        if "total" in event.latency_ms:
            self._minute.latency.add(event.latency_ms["total"])
        confidences = [reading.confidence for reading in event.announced]
        confidences += [one.confidence for record in event.records for one in record.fields]
        if event.announced or event.records:
            self._last_reading = utc(self._now())
        for confidence in confidences:
            self._recent.append(confidence)
            self._long.add(confidence)
            self._minute.confidences.append(confidence)


def _mean(values: list[float] | deque[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
