"""Timing of nets with interleaved calls, so that a disturbance of the machine affects all of them alike.

The agent calls a net once per frame, after it has processed the frame's pixels, so little of the net is left in the
processor's caches. In a tight loop a net seems twice as fast, and a large net gains more than a small one (measured on
x86). So a frame's amount of memory is read before each call that counts. What ran just before changes a call of a few
microseconds too, by up to 40 %: the runtime's code is warm after another net of the same runtime. So the order of the
nets is random.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.choice.measurement import Timing
from agent.runtimes.net import LoadedNet
from agent.vision.classify import Net
from profiles.manifest import INPUT_SHAPES, Role

BLOCKS = 9
"""Number of blocks of calls; the median of each block is kept to estimate the error of the overall median."""
FRAME_BYTES = 640 * 480 * 3


def time_interleaved(
    nets: Sequence[LoadedNet], batch: int, seconds: float, report_start: Callable[[int], None]
) -> list[Timing]:
    """Time calls of all nets, one call of each net per round; each net gets an equal share of the time in each block.

    Args:
        nets: at least one net.
        batch: number of digits in one call.
        seconds: total time to spend; it takes longer if this is too short for one call per net and block.
        report_start: called with the index of a net before its first call.

    Returns:
        One timing per net.
    """
    images = [random_images(net.artifact.role, batch) for net in nets]
    first_us = list[float]()
    for number, (net, net_images) in enumerate(zip(nets, images, strict=True)):
        report_start(number)
        first_us.append(_call_us(net, net_images))
        net.logits(net_images)
    share_s = seconds / BLOCKS / len(nets)
    order = np.random.default_rng(0)
    blocks = [_time_block(nets, images, share_s, order) for _ in range(BLOCKS)]
    return [_timing(batch, first_us[i], [block[i] for block in blocks]) for i in range(len(nets))]


def random_images(role: Role, batch: int) -> NDArray[np.uint8]:
    """Return images of noise, uint8 (batch, *INPUT_SHAPES[role]); the content does not affect the time of a net."""
    return np.random.default_rng(0).integers(0, 256, (batch, *INPUT_SHAPES[role]), np.uint8)


Calls = list[tuple[float, float]]
"""Pairs of durations in microseconds: of a call after a frame's memory was read, and of the same call again."""


def _time_block(
    nets: Sequence[Net], images: Sequence[NDArray[np.uint8]], share_s: float, order: np.random.Generator
) -> list[Calls]:
    """Call each net at least once, in rounds of random order, until each has used its share of the time."""
    frame = np.zeros(FRAME_BYTES, np.uint8)
    calls: list[Calls] = [[] for _ in nets]
    spent_s = [0.0] * len(nets)
    remaining = list(range(len(nets)))
    while remaining:
        for i in order.permutation(remaining):
            started_s = time.perf_counter()
            frame += 1
            calls[i].append((_call_us(nets[i], images[i]), _call_us(nets[i], images[i])))
            spent_s[i] += time.perf_counter() - started_s
        remaining = [i for i in remaining if spent_s[i] < share_s]
    return calls


def _call_us(net: Net, images: NDArray[np.uint8]) -> float:
    start_ns = time.perf_counter_ns()
    net.logits(images)
    return (time.perf_counter_ns() - start_ns) / 1000


def _timing(batch: int, first_us: float, blocks: Sequence[Calls]) -> Timing:
    durations_us = [us for block in blocks for us, _ in block]
    p50, p95, p99 = np.percentile(durations_us, (50, 95, 99)).tolist()
    return Timing(
        batch=batch,
        calls=len(durations_us),
        first_us=first_us,
        warm_us=statistics.median(warm_us for block in blocks for _, warm_us in block),
        p50_us=p50,
        p95_us=p95,
        p99_us=p99,
        blocks_us=tuple(statistics.median(us for us, _ in block) for block in blocks),
    )
