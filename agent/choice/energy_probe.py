"""Energy per digit: nets run without a pause, in turns, while a power sensor is read."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.choice.measurement import Energy
from agent.sensors.power_sample import PowerReader, PowerSample, energy_mj
from agent.vision.classify import Net

TURNS = 3
"""Number of turns of each net."""
TURN_S = 0.5
"""Length of a turn, in seconds."""
SAMPLE_INTERVAL_S = 0.1
"""Time between two samples of the sensor, in seconds."""


@dataclass(frozen=True)
class _Turn:
    """What was measured in one turn: the time in which one net runs alone."""

    samples: tuple[PowerSample, ...]
    digits: int
    """Number of digits that were read between the first and the last sample."""

    @property
    def mj_per_digit(self) -> float | None:
        energy = energy_mj(self.samples)
        return energy / self.digits if energy is not None and self.digits else None


def measure_energy(
    nets: Sequence[Net], images: Sequence[NDArray[np.uint8]], reader: PowerReader, seconds: float = TURN_S
) -> list[Energy | None]:
    """Run each net in TURNS turns, and measure its energy per digit.

    Args:
        nets: nets to run.
        images: input of one call of each net, uint8 (n, ...).
        reader: power sensor, read every SAMPLE_INTERVAL_S.
        seconds: length of a turn.

    Returns:
        One energy per net; None if the sensor gave no value during its turns.
    """
    idle = _idle_samples(reader, seconds)
    turns = [
        [_run_turn(net, batch, reader, seconds) for net, batch in zip(nets, images, strict=True)] for _ in range(TURNS)
    ]
    return [_energy(reader, idle, [turn[i] for turn in turns]) for i in range(len(nets))]


def _idle_samples(reader: PowerReader, seconds: float) -> list[PowerSample]:
    """Return samples of the idle board."""
    reader.read()  # some sensors return the mean since the previous read
    samples = []
    for _ in range(max(1, round(seconds / SAMPLE_INTERVAL_S))):
        time.sleep(SAMPLE_INTERVAL_S)
        samples.append(reader.read())
    return [sample for sample in samples if sample is not None]


def _run_turn(net: Net, images: NDArray[np.uint8], reader: PowerReader, seconds: float) -> _Turn:
    net.logits(images)
    reader.read()  # some sensors return the mean since the previous read
    samples, digits, done = list[PowerSample](), list[int](), 0
    start_s = last_s = time.perf_counter()
    while last_s - start_s < seconds or len(samples) < 2:
        while time.perf_counter() - last_s < SAMPLE_INTERVAL_S:
            net.logits(images)
            done += len(images)
        sample, last_s = reader.read(), time.perf_counter()
        if sample is not None:
            samples.append(sample)
            digits.append(done)
        elif last_s - start_s >= seconds:
            break
    return _Turn(tuple(samples), digits[-1] - digits[0] if digits else 0)


def _energy(reader: PowerReader, idle: Sequence[PowerSample], turns: Sequence[_Turn]) -> Energy | None:
    costs = [cost for turn in turns if (cost := turn.mj_per_digit) is not None]
    if not costs:
        return None
    samples = [sample for turn in turns for sample in turn.samples]
    seconds = sum((t.samples[-1].taken_ns - t.samples[0].taken_ns) / 1e9 for t in turns if len(t.samples) > 1)
    return Energy(
        sensor=reader.description,
        blocks_mj=tuple(costs),
        power_mw=statistics.mean(sample.power_mw for sample in samples),
        idle_mw=statistics.mean(sample.power_mw for sample in idle) if idle else None,
        samples=len(samples),
        rate_hz=(len(samples) - len(costs)) / seconds if seconds else 0.0,
    )
