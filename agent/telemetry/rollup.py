"""Measurements of a minute, an hour or a day. They can be stored and merged."""

from __future__ import annotations

import msgspec

from agent.histogram import LatencyHistogram


class Rollup(msgspec.Struct, array_like=True):
    """Sums and maxima of a period; None if a value was not measured.

    It is stored as an array, so a new field goes to the end and needs a default.
    """

    duration_ms: int = 0
    """Time in which the agent ran."""
    frames: int = 0
    dropped: int = 0
    """Frames that were never analysed."""
    readings: int = 0
    latency: dict[str, LatencyHistogram] = {}
    """Latencies by stage."""
    powered_ms: int = 0
    """Time in which power was measured."""
    energy_mj: float = 0.0
    """Energy of the time in which power was measured."""
    max_mw: float | None = None
    max_c: float | None = None
    throttled_ms: int = 0
    """Time in which the board was throttled."""

    def merge(self, other: Rollup) -> None:
        """Add the measurements of another period."""
        self.duration_ms += other.duration_ms
        self.frames += other.frames
        self.dropped += other.dropped
        self.readings += other.readings
        for stage, histogram in other.latency.items():
            self.latency.setdefault(stage, LatencyHistogram()).merge(histogram)
        self.powered_ms += other.powered_ms
        self.energy_mj += other.energy_mj
        self.max_mw = _max(self.max_mw, other.max_mw)
        self.max_c = _max(self.max_c, other.max_c)
        self.throttled_ms += other.throttled_ms

    @property
    def mean_mw(self) -> float | None:
        """Mean power over the time in which it was measured."""
        return self.energy_mj / self.powered_ms * 1000 if self.powered_ms else None

    def add_power(self, power_mw: float | None, previous_mw: float | None, passed_ms: int) -> None:
        """Add a sample of power, and the energy since the previous one by the trapezoidal rule.

        Args:
            power_mw: the sample; None could not be measured.
            previous_mw: previous sample; None if it is missing or too old.
            passed_ms: time since the previous sample.
        """
        self.max_mw = _max(self.max_mw, power_mw)
        if power_mw is not None and previous_mw is not None:
            self.powered_ms += passed_ms
            self.energy_mj += (power_mw + previous_mw) / 2 * passed_ms / 1000

    def add_temperature(self, temperature_c: float | None) -> None:
        """Add a sample of the temperature."""
        self.max_c = _max(self.max_c, temperature_c)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Rollup)


def pack(rollup: Rollup) -> bytes:
    """Encode a rollup for the database, as MessagePack."""
    return _ENCODER.encode(rollup)


def unpack(stored: bytes) -> Rollup:
    """Decode a stored rollup. A damaged rollup gives an empty one, so that the other rollups can still be shown."""
    try:
        return _DECODER.decode(stored)
    except msgspec.DecodeError:
        return Rollup()


def _max(a: float | None, b: float | None) -> float | None:
    return max((value for value in (a, b) if value is not None), default=None)
