"""Measures what a digit costs in energy: nets work by turns without a pause while a sensor is read."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.choice.measurement import Energy
from agent.sensors.energy import energy_mj
from agent.sensors.sample import PowerReader, PowerSample
from agent.vision.classify import Net

TURNS = 3
TURN_SECONDS = 0.5
SAMPLE_SECONDS = 0.1


@dataclass(frozen=True)
class _Turn:
    """One net's work for a while."""

    samples: tuple[PowerSample, ...]
    digits: int
    """Done between the first sample and the last."""

    @property
    def mj_per_digit(self) -> float | None:
        energy = energy_mj(self.samples)
        return energy / self.digits if energy is not None and self.digits else None


def measure_energy(
    nets: Sequence[Net], given: Sequence[NDArray[np.uint8]], reader: PowerReader, seconds: float = TURN_SECONDS
) -> list[Energy | None]:
    """Let each net work in TURNS turns of so many seconds; None for one during which the sensor gave nothing.

    Args:
        nets: what works.
        given: each net's images, uint8 (n, ...), the digits of one call.
        reader: read every SAMPLE_SECONDS.
        seconds: how long a turn is.
    """
    idle = _rest(reader, seconds)
    turns = [
        [_work(net, images, reader, seconds) for net, images in zip(nets, given, strict=True)] for _ in range(TURNS)
    ]
    return [_energy(reader, idle, [turn[i] for turn in turns]) for i in range(len(nets))]


def _rest(reader: PowerReader, seconds: float) -> list[PowerSample]:
    """Samples while nothing is done."""
    reader.read()  # some sensors give the mean since the read before
    samples = []
    for _ in range(max(1, round(seconds / SAMPLE_SECONDS))):
        time.sleep(SAMPLE_SECONDS)
        samples.append(reader.read())
    return [sample for sample in samples if sample is not None]


def _work(net: Net, images: NDArray[np.uint8], reader: PowerReader, seconds: float) -> _Turn:
    net.logits(images)
    reader.read()  # some sensors give the mean since the read before
    samples, digits, done = list[PowerSample](), list[int](), 0
    start = last = time.perf_counter()
    while last - start < seconds or len(samples) < 2:
        while time.perf_counter() - last < SAMPLE_SECONDS:
            net.logits(images)
            done += len(images)
        sample, last = reader.read(), time.perf_counter()
        if sample is not None:
            samples.append(sample)
            digits.append(done)
        elif last - start >= seconds:
            break
    return _Turn(tuple(samples), digits[-1] - digits[0] if digits else 0)


def _energy(reader: PowerReader, idle: Sequence[PowerSample], turns: Sequence[_Turn]) -> Energy | None:
    costs = [cost for turn in turns if (cost := turn.mj_per_digit) is not None]
    if not costs:
        return None
    samples = [sample for turn in turns for sample in turn.samples]
    seconds = sum((t.samples[-1].taken_ns - t.samples[0].taken_ns) / 1e9 for t in turns if len(t.samples) > 1)
    return Energy(
        sensor=reader.describe,
        blocks_mj=tuple(costs),
        power_mw=statistics.mean(sample.power_mw for sample in samples),
        idle_mw=statistics.mean(sample.power_mw for sample in idle) if idle else None,
        samples=len(samples),
        rate_hz=(len(samples) - len(costs)) / seconds if seconds else 0.0,
    )
