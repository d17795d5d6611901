"""Fixtures for tests of the log: a manual clock, frame events, and a log that is written without a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from agent.events import Counts, FrameEvent, RunInfo, Vitals
from agent.telemetry.buffer import Buffer
from agent.telemetry.clock import LogClock
from agent.telemetry.pictures import NO_PICTURES, KeepPictures
from agent.telemetry.writer import LogWriter, RunRow
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page

NOON_MS = 1_795_348_800_000
"""2026-11-22 12:00:00 UTC."""


@dataclass
class ManualClock:
    """A wall clock and a steady clock that stand still until they are moved."""

    boot: str = "first boot"
    wall_ms: int = NOON_MS
    steady_ms: int = 5_000

    def advance(self, ms: int) -> None:
        """Let time pass."""
        self.wall_ms += ms
        self.steady_ms += ms

    def as_log_clock(self) -> LogClock:
        return LogClock(self.boot, lambda: self.wall_ms, lambda: self.steady_ms)


class MakeEvent(Protocol):
    def __call__(self, number: int, *texts: str, total_ms: float = 5.0, vitals: Vitals | None = None) -> FrameEvent: ...


@dataclass
class ManualLog:
    """The log of a run, written on request."""

    path: Path
    clock: ManualClock
    max_bytes: int | None = None
    pictures: KeepPictures = NO_PICTURES
    warnings: list[str] = field(default_factory=list)
    buffer: Buffer = field(init=False)
    writer: LogWriter = field(init=False)

    def __post_init__(self) -> None:
        clock = self.clock.as_log_clock()
        self.buffer = Buffer(clock, self.pictures)
        run = RunRow("demo, seed 1", "pi5", "PMIC rails", self.buffer.began_ms)
        self.writer = LogWriter(self.path, run, self.warnings.append, clock, self.max_bytes, pictures=self.pictures)

    def write(self, *, ended: bool = False) -> None:
        self.writer.write(self.buffer.batch(ended=ended), self.buffer.confirm)

    def close(self) -> None:
        self.write(ended=True)
        self.writer.close()


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def info() -> RunInfo:
    return RunInfo("demo, seed 1", "pi5", "plain-int8.tflite", "ai-edge-litert", "fastest of 4", "PMIC rails")


@pytest.fixture
def make_event() -> MakeEvent:
    """Return a function that makes the event of a frame with which texts are announced."""

    def make(number: int, *texts: str, total_ms: float = 5.0, vitals: Vitals | None = None) -> FrameEvent:
        readings = tuple(Reading(text, Box(1, 2, 8 * len(text), 12), 0.9, ()) for text in texts)
        latency_ms = {"age": 1.0, "total": total_ms}
        counts = Counts(frames=number + 1, readings=number)
        return FrameEvent(
            number, "demo:", None, Page(64, 48, (), readings, {}), readings, latency_ms, 0, counts, vitals
        )

    return make


@pytest.fixture
def make_log(tmp_path: Path, manual_clock: ManualClock) -> Iterator[Callable[..., ManualLog]]:
    """Return a function that makes the log of a run, by default in the same new file; all are closed at the end."""
    with ExitStack() as stack:

        def make(
            path: Path = tmp_path / "agent.db", max_bytes: int | None = None, pictures: KeepPictures = NO_PICTURES
        ) -> ManualLog:
            log = ManualLog(path, manual_clock, max_bytes, pictures)
            stack.callback(log.writer.close)
            return log

        yield make
