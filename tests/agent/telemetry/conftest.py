"""What tests of the log need: a clock that is set by hand, ticks, and a log that is written without a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from agent.events import Counts, FrameEvent, RunInfo, Vitals
from agent.telemetry.buffer import Buffer
from agent.telemetry.clock import Clock
from agent.telemetry.writer import LogWriter, RunRow
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page

NOON_MS = 1_795_348_800_000
"""2026-11-22 12:00:00 UTC."""


@dataclass
class HandClock:
    """Two clocks that stand still until they are moved."""

    boot: str = "first boot"
    wall_ms: int = NOON_MS
    steady_ms: int = 5_000

    def go(self, ms: int) -> None:
        """Let time pass."""
        self.wall_ms += ms
        self.steady_ms += ms

    @property
    def clock(self) -> Clock:
        return Clock(self.boot, lambda: self.wall_ms, lambda: self.steady_ms)


class MakeTick(Protocol):
    def __call__(self, number: int, *texts: str, total_ms: float = 5.0, vitals: Vitals | None = None) -> FrameEvent: ...


@dataclass
class Journal:
    """A run's log, written when it is asked to."""

    path: Path
    hand: HandClock
    max_bytes: int | None = None
    said: list[str] = field(default_factory=list)
    book: Buffer = field(init=False)
    log: LogWriter = field(init=False)

    def __post_init__(self) -> None:
        clock = self.hand.clock
        self.book = Buffer(clock)
        run = RunRow("demo, seed 1", "pi5", "PMIC rails", self.book.began_ms)
        self.log = LogWriter(self.path, run, self.said.append, clock, self.max_bytes)

    def write(self, *, ended: bool = False) -> None:
        self.log.write(self.book.batch(ended=ended), self.book.written)

    def close(self) -> None:
        self.write(ended=True)
        self.log.close()


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


@pytest.fixture
def info() -> RunInfo:
    return RunInfo("demo, seed 1", "pi5", "plain-int8.tflite", "ai-edge-litert", "fastest of 4", "PMIC rails")


@pytest.fixture
def make_tick() -> MakeTick:
    """Makes the tick of a frame on which texts are news."""

    def make(number: int, *texts: str, total_ms: float = 5.0, vitals: Vitals | None = None) -> FrameEvent:
        news = tuple(Reading(text, Box(1, 2, 8 * len(text), 12), 0.9, ()) for text in texts)
        latency_ms = {"age": 1.0, "total": total_ms}
        counts = Counts(frames=number + 1, readings=number)
        return FrameEvent(number, "demo:", None, Page(64, 48, (), news, {}), news, latency_ms, 0, counts, vitals)

    return make


@pytest.fixture
def journal(tmp_path: Path, hand: HandClock) -> Callable[..., Journal]:
    """Makes the log of a run, at first in a new file."""

    def make(path: Path = tmp_path / "agent.db", max_bytes: int | None = None) -> Journal:
        return Journal(path, hand, max_bytes)

    return make
