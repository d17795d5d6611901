"""What measuring a candidate gives: times by batch size, and energy where a sensor is."""

from __future__ import annotations

import statistics

import msgspec

from agent.choice.variants import Variant


class Timing(msgspec.Struct, frozen=True):
    """How long one call takes, from images to logits."""

    batch: int
    calls: int
    first_us: float
    """The very first call of this size, which allocates."""
    warm_us: float
    """Median of a call right after the same one: all of the net is in the caches."""
    p50_us: float
    """Median of a call as the agent makes it, once a frame: whatever else a frame takes came between."""
    p95_us: float
    p99_us: float
    blocks_us: tuple[float, ...]
    """Medians of consecutive parts of these calls; part i of every candidate met the same moments of the machine."""

    @property
    def us_per_digit(self) -> float:
        return self.p50_us / self.batch


class Energy(msgspec.Struct, frozen=True):
    """What a digit costs while the net works without a pause, idle power included, of all that the sensor sees."""

    sensor: str
    """Which it is, and what its total includes."""
    blocks_mj: tuple[float, ...]
    """Millijoules a digit, in each turn; the trapezoid over its samples."""
    power_mw: float
    """Mean while working."""
    idle_mw: float | None
    """Mean with nothing to do, just before; not subtracted. None where the sensor gave nothing then."""
    samples: int
    rate_hz: float
    """Samples a second."""

    @property
    def mj_per_digit(self) -> float:
        return statistics.median(self.blocks_mj)


class Measurement(msgspec.Struct, frozen=True):
    """A candidate, its times, one a batch size, and its energy."""

    candidate: Variant
    timings: tuple[Timing, ...]
    energy: Energy | None = None
    """None where none was measured."""

    @property
    def us_per_digit(self) -> float:
        """Median time for one call of each batch size, divided by their digits."""
        return sum(timing.p50_us for timing in self.timings) / sum(timing.batch for timing in self.timings)

    @property
    def blocks_us_per_digit(self) -> tuple[float, ...]:
        """The same of each part of the calls."""
        digits = sum(timing.batch for timing in self.timings)
        return tuple(sum(parts) / digits for parts in zip(*(t.blocks_us for t in self.timings), strict=True))

    @property
    def mj_per_digit(self) -> float | None:
        return self.energy.mj_per_digit if self.energy is not None else None

    @property
    def core_us_per_digit(self) -> float:
        """Time of a digit on all the cores that it keeps busy: what heats the board, where no sensor tells."""
        return self.us_per_digit * self.candidate.threads
