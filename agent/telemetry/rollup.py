"""Measurements of a minute, an hour or a day. They can be stored and merged."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agent.histogram import LatencyHistogram, StoredCount

StoredSum = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
Celsius = Annotated[float, msgspec.Meta(ge=-273.15, le=1e4)]
Stages = Annotated[dict[Annotated[str, msgspec.Meta(max_length=40)], LatencyHistogram], msgspec.Meta(max_length=64)]


class Rollup(msgspec.Struct, array_like=True):
    """Sums and maxima of a period; None if a value was not measured.

    It is stored as an array, so a new field goes to the end and needs a default. Limits reject damaged values.
    """

    duration_ms: StoredCount = 0
    """Time in which the agent ran."""
    frames: StoredCount = 0
    dropped: StoredCount = 0
    """Frames that were never analysed."""
    readings: StoredCount = 0
    latency: Stages = {}
    """Latencies by stage."""
    powered_ms: StoredCount = 0
    """Time in which power was measured."""
    energy_mj: StoredSum = 0.0
    """Energy of the time in which power was measured."""
    max_mw: StoredSum | None = None
    max_c: Celsius | None = None
    throttled_ms: StoredCount = 0
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


def unpack(stored: object) -> Rollup:
    """Decode a stored rollup. A damaged rollup gives an empty one, so that the other rollups can still be shown.

    Args:
        stored: value of a cell; SQLite does not ensure that it is a BLOB.
    """
    try:
        return _DECODER.decode(stored) if isinstance(stored, bytes) else Rollup()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Rollup()


def _max(a: float | None, b: float | None) -> float | None:
    return max((value for value in (a, b) if value is not None), default=None)
