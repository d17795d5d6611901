"""What was measured in a stretch of time, a minute or an hour: figures that can be stored and added up."""

from __future__ import annotations

import msgspec

from agent.histogram import LatencyHistogram


class Rollup(msgspec.Struct, array_like=True):
    """Figures of a stretch of time; None was not measured. A new field goes to the end and has a default."""

    span_ms: int = 0
    """How long the agent ran in it."""
    frames: int = 0
    dropped: int = 0
    """Frames that were never looked at."""
    readings: int = 0
    latency: dict[str, LatencyHistogram] = {}
    """By stage."""
    powered_ms: int = 0
    """The part of its time in which power was measured, ..."""
    energy_mj: float = 0.0
    """... and the energy of that part."""
    max_mw: float | None = None
    max_c: float | None = None
    throttled_ms: int = 0

    def merge(self, other: Rollup) -> None:
        """Add the figures of another stretch of time."""
        self.span_ms += other.span_ms
        self.frames += other.frames
        self.dropped += other.dropped
        self.readings += other.readings
        for stage, latencies in other.latency.items():
            self.latency.setdefault(stage, LatencyHistogram()).merge(latencies)
        self.powered_ms += other.powered_ms
        self.energy_mj += other.energy_mj
        self.max_mw = _higher(self.max_mw, other.max_mw)
        self.max_c = _higher(self.max_c, other.max_c)
        self.throttled_ms += other.throttled_ms

    @property
    def mean_mw(self) -> float | None:
        """Mean power while it was measured."""
        return self.energy_mj / self.powered_ms * 1000 if self.powered_ms else None

    def measured_power(self, power_mw: float | None, previous_mw: float | None, passed_ms: int) -> None:
        """Add a sample of power: with the one before it, by the trapezoidal rule, it tells the energy between them."""
        self.max_mw = _higher(self.max_mw, power_mw)
        if power_mw is not None and previous_mw is not None:
            self.powered_ms += passed_ms
            self.energy_mj += (power_mw + previous_mw) / 2 * passed_ms / 1000

    def measured_temperature(self, temperature_c: float | None) -> None:
        self.max_c = _higher(self.max_c, temperature_c)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Rollup)


def pack(span: Rollup) -> bytes:
    """A span as it is stored: MessagePack."""
    return _ENCODER.encode(span)


def unpack(stored: bytes) -> Rollup:
    """A span that was stored; an empty one where it is damaged, for what is told of the others is still right."""
    try:
        return _DECODER.decode(stored)
    except msgspec.DecodeError:
        return Rollup()


def _higher(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)
