"""Measurement of a variant: times per batch size, and energy if there is a sensor."""

from __future__ import annotations

import statistics
from typing import Annotated

import msgspec

from agent.choice.variants import Variant

Count = Annotated[int, msgspec.Meta(ge=1)]
Us = Annotated[float, msgspec.Meta(ge=0)]
"""Microseconds. A child process gives them, or the cache."""


class Timing(msgspec.Struct, frozen=True):
    """Duration of one call, from images to logits, in microseconds."""

    batch: Count
    """Number of digits in one call."""
    calls: int
    first_us: Us
    """Duration of the first call of this batch size. It includes the allocation of memory."""
    warm_us: Us
    """Median duration of calls that directly follow the same call, so that the net is in the processor's caches."""
    p50_us: Us
    """Median duration of calls as in the agent: once per frame, after other work."""
    p95_us: Us
    p99_us: Us
    blocks_us: Annotated[tuple[Us, ...], msgspec.Meta(min_length=1)]
    """Median duration in each block of calls. Block i of all variants was measured at the same time."""

    @property
    def us_per_digit(self) -> float:
        return self.p50_us / self.batch


class Energy(msgspec.Struct, frozen=True):
    """Energy per digit while the net runs without a pause, idle power included."""

    sensor: str
    """Name of the sensor, and what it measures."""
    blocks_mj: Annotated[tuple[float, ...], msgspec.Meta(min_length=1)]
    """Millijoules per digit in each turn, by the trapezoidal rule."""
    power_mw: float
    """Mean power while the net runs."""
    idle_mw: float | None
    """Mean power of the idle board before the turns, not subtracted; None if the sensor gave no value."""
    samples: int
    rate_hz: float
    """Samples per second."""

    @property
    def mj_per_digit(self) -> float:
        return statistics.median(self.blocks_mj)


class Measurement(msgspec.Struct, frozen=True):
    """Times of a variant, one per batch size, and its energy."""

    variant: Variant
    timings: tuple[Timing, ...]
    energy: Energy | None = None
    """Energy per digit; None if it was not measured."""

    @property
    def us_per_digit(self) -> float:
        """Sum of the median times of one call of each batch size, divided by the number of digits in these calls."""
        return sum(timing.p50_us for timing in self.timings) / sum(timing.batch for timing in self.timings)

    @property
    def blocks_us_per_digit(self) -> tuple[float, ...]:
        """Time per digit in each block of calls."""
        digits = sum(timing.batch for timing in self.timings)
        return tuple(sum(blocks) / digits for blocks in zip(*(t.blocks_us for t in self.timings), strict=True))

    @property
    def mj_per_digit(self) -> float | None:
        return self.energy.mj_per_digit if self.energy is not None else None

    @property
    def core_us_per_digit(self) -> float:
        """CPU time per digit, summed over the cores: an estimate of the energy if there is no sensor."""
        return self.us_per_digit * self.variant.threads
