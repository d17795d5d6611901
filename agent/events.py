"""What the loop tells its sinks: one tick a frame, and once, what this run is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.vision.lines import Reading
from agent.vision.page import STAGES, Page

TRACK = "track"
LATENCIES = ("age", *STAGES, TRACK, "total")
"""What a tick times, in this order: how old the frame was, the stages of reading, what is done to follow its digits,
and from capture to result."""


@dataclass(frozen=True)
class RunInfo:
    """What stays the same for a whole run."""

    source: str
    board: str
    """The name of the board's profile."""
    artifact: str
    runtime: str
    reason: str
    """Why this artifact in this runtime."""
    power_sensor: str | None
    """Where power is measured; None where this machine has no sensor."""
    slowed: str = ""
    """How the agent holds itself back on a hot board, in words; empty at full speed."""


@dataclass(frozen=True)
class Vitals:
    """How the machine is; None is a value that cannot be had, never a guess."""

    measured_ns: int
    """`time.monotonic_ns()` of the sample, of its power where that is measured; a new sample has a new time."""
    power_mw: float | None = None
    temperature_c: float | None = None
    throttling: tuple[str, ...] | None = None
    """What holds the machine back now, in words; empty where nothing does, None where nothing tells."""


@dataclass(frozen=True)
class Counts:
    """Totals since the run began."""

    frames: int = 0
    dropped: int = 0
    """Frames that were never looked at: a newer one was there, or they could not be read."""
    readings: int = 0
    """Readings announced."""
    digits: int = 0
    """Digits of the readings announced."""
    unchanged: int = 0
    """Of the frames, those that showed nothing new and were not read again."""


@dataclass(frozen=True, eq=False)
class FrameEvent:
    """One frame, done."""

    number: int
    """The frame's."""
    source: str
    """The frame's: the URI, or the picture's file."""
    image: NDArray[np.uint8] | None
    """BGR, uint8 (H, W, 3); None once the tick waits in a queue."""
    page: Page
    announced: tuple[Reading, ...]
    latency_ms: Mapping[str, float]
    """`LATENCIES`, in milliseconds; empty where the frame showed nothing new."""
    finished_ns: int
    """`time.monotonic_ns()` when it was read."""
    counts: Counts
    vitals: Vitals | None
    """The newest sample; None before the first."""
