"""Times nets side by side, by turns: what befalls the machine meanwhile befalls all of them.

The agent asks a net once a frame, after it went through the frame's pixels, so little of the net is still in the
processor's caches. Called again and again a net looks twice as fast, and a large one gains more than a small one
(measured on x86); so a frame's worth of memory is gone through before each call that counts.
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
"""Parts of the calls, each with a median of its own: enough to tell how sure the whole median is."""
FRAME_BYTES = 640 * 480 * 3


def time_by_turns(nets: Sequence[LoadedNet], batch: int, seconds: float, begin: Callable[[int], None]) -> list[Timing]:
    """Time one call of every net, in turns of one call each; in each part of the time each net gets an equal share.

    Args:
        nets: at least one.
        batch: digits in one call.
        seconds: to spend; where that is too short for one call of each net in each part, it takes longer.
        begin: told which net comes next when it is called for the first time.
    """
    given = [random_images(net.artifact.role, batch) for net in nets]
    first_us = list[float]()
    for number, (net, images) in enumerate(zip(nets, given, strict=True)):
        begin(number)
        first_us.append(_call_us(net, images))
        net.logits(images)
    share_s = seconds / BLOCKS / len(nets)
    parts = [_part(nets, given, share_s) for _ in range(BLOCKS)]
    return [_timing(batch, first_us[i], [part[i] for part in parts]) for i in range(len(nets))]


def random_images(role: Role, batch: int) -> NDArray[np.uint8]:
    """Images of noise, uint8 (batch, ...) as the role asks: what a net computes takes as long for any."""
    return np.random.default_rng(0).integers(0, 256, (batch, *INPUT_SHAPES[role]), np.uint8)


Calls = list[tuple[float, float]]
"""Microseconds of a call after a frame's memory, and of the same at once again."""


def _part(nets: Sequence[Net], given: Sequence[NDArray[np.uint8]], share_s: float) -> list[Calls]:
    """Call every net at least once, by turns, until each has used its share of the time."""
    frame = np.zeros(FRAME_BYTES, np.uint8)
    calls: list[Calls] = [[] for _ in nets]
    spent_s = [0.0] * len(nets)
    waiting = list(range(len(nets)))
    while waiting:
        for i in waiting:
            began = time.perf_counter()
            frame += 1
            calls[i].append((_call_us(nets[i], given[i]), _call_us(nets[i], given[i])))
            spent_s[i] += time.perf_counter() - began
        waiting = [i for i in waiting if spent_s[i] < share_s]
    return calls


def _call_us(net: Net, images: NDArray[np.uint8]) -> float:
    start = time.perf_counter_ns()
    net.logits(images)
    return (time.perf_counter_ns() - start) / 1000


def _timing(batch: int, first_us: float, parts: Sequence[Calls]) -> Timing:
    took_us = [us for part in parts for us, _ in part]
    p50, p95, p99 = np.percentile(took_us, (50, 95, 99)).tolist()
    return Timing(
        batch=batch,
        calls=len(took_us),
        first_us=first_us,
        warm_us=statistics.median(again for part in parts for _, again in part),
        p50_us=p50,
        p95_us=p95,
        p99_us=p99,
        blocks_us=tuple(statistics.median(us for us, _ in part) for part in parts),
    )
