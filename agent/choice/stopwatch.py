"""Times nets side by side, by turns: what befalls the machine meanwhile befalls all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agent.choice.measured import Timing
from agent.runtimes.net import LoadedNet
from agent.vision.judge import Net
from profiles.manifest import INPUT_SHAPES, Role

BLOCKS = 9
"""Parts of the calls, each with a median of its own: enough to tell how sure the whole median is."""


def time_by_turns(nets: Sequence[LoadedNet], batch: int, seconds: float, begin: Callable[[int], None]) -> list[Timing]:
    """Time one call of every net, in rounds: each net once, then each once more, so no cache is kept warm for one.

    Args:
        nets: at least one.
        batch: digits in one call.
        seconds: to spend; a slow net takes longer, because there are at least BLOCKS rounds.
        begin: told which net comes next when it is called for the first time.
    """
    given = [random_images(net.artifact.role, batch) for net in nets]
    first_us = list[float]()
    for number, (net, images) in enumerate(zip(nets, given, strict=True)):
        begin(number)
        first_us.append(_call_us(net, images))
        net.logits(images)
    took_us: list[list[float]] = [[] for _ in nets]
    end = time.perf_counter() + seconds
    while len(took_us[0]) < BLOCKS or time.perf_counter() < end:
        for net, images, times in zip(nets, given, took_us, strict=True):
            times.append(_call_us(net, images))
    return [_timing(batch, first, times) for first, times in zip(first_us, took_us, strict=True)]


def random_images(role: Role, batch: int) -> NDArray[np.uint8]:
    """Images of noise, uint8 (batch, ...) as the role asks: what a net computes takes as long for any."""
    return np.random.default_rng(0).integers(0, 256, (batch, *INPUT_SHAPES[role]), np.uint8)


def _call_us(net: Net, images: NDArray[np.uint8]) -> float:
    start = time.perf_counter_ns()
    net.logits(images)
    return (time.perf_counter_ns() - start) / 1000


def _timing(batch: int, first_us: float, times_us: Sequence[float]) -> Timing:
    p50, p95, p99 = np.percentile(times_us, (50, 95, 99)).tolist()
    edges = np.linspace(0, len(times_us), BLOCKS + 1).astype(int).tolist()
    blocks = tuple(statistics.median(times_us[a:b]) for a, b in pairwise(edges))
    return Timing(batch, len(times_us), first_us, p50, p95, p99, blocks)
