"""The loop: a frame in, its reading out, every sink told; the only place where all parts meet.

The parts come in as arguments: what gives frames, what reads one, who wants to hear. The loop times, counts, says
what is news, and stops: at the end of the source, at a limit, or when it is asked to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.capture.frame import Frame
from agent.live.announce import Announcer
from agent.live.sinks import Sink
from agent.live.summary import Summary, Tally
from agent.live.tick import Counts, Tick, Vitals
from agent.vision.lines import Reading
from agent.vision.page import Page
from profiles.errors import SourceError

NS_PER_MS = 1e6


@dataclass(frozen=True)
class Limits:
    """When to stop before the source ends; None is never."""

    frames: int | None = None
    seconds: float | None = None

    def reached(self, frames: int, elapsed_ns: int) -> bool:
        """Whether a run of so many frames and so much time is over."""
        return (self.frames is not None and frames >= self.frames) or (
            self.seconds is not None and elapsed_ns >= self.seconds * 1e9
        )


def loop(
    frames: Iterable[Frame | None],
    read: Callable[[NDArray[np.uint8]], Page],
    sinks: Sequence[Sink],
    *,
    announcer: Announcer,
    stop: threading.Event,
    limits: Limits = Limits(),
    vitals: Callable[[], Vitals | None] = lambda: None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> Summary:
    """Read frames until they end or their source fails, and close the sinks.

    Args:
        frames: frames in order of their number, whose gaps are frames dropped; None is a chance to stop.
        read: reads one picture, BGR uint8 (H, W, 3).
        sinks: told of each frame, in this order; none of them may block.
        announcer: says which readings are news.
        stop: ends the loop when it is set.
        limits: end the loop when they are reached.
        vitals: gives the newest sample of power and temperature, at once.
        clock_ns: the clock that stamped the frames.
    """
    started_ns = clock_ns()
    tally, counts, expected, failures = Tally(started_ns), Counts(), 0, list[SourceError]()
    with ExitStack() as closing:
        for sink in reversed(sinks):
            closing.callback(sink.close)
        for frame in _unbroken(frames, failures):
            if frame is not None:
                page, latency_ms, finished_ns = _look(frame, read, clock_ns)
                news = announcer.news(page.readings)
                counts = _count(counts, news, dropped=frame.number - expected)
                expected = frame.number + 1
                image, measured = frame.image, vitals()
                tick = Tick(frame.number, frame.source, image, page, news, latency_ms, finished_ns, counts, measured)
                tally.add(tick, frame.truth)
                for sink in sinks:
                    sink.take(tick)
            if stop.is_set() or limits.reached(counts.frames, clock_ns() - started_ns):
                break
        ended_ns = clock_ns()
    return tally.summary(counts, ended_ns, next(iter(failures), None))


def _unbroken(frames: Iterable[Frame | None], failures: list[SourceError]) -> Iterator[Frame | None]:
    """Frames until they end; what broke them off is kept, so that what was read is still summed up."""
    try:
        yield from frames
    except SourceError as failure:
        failures.append(failure)


def _look(
    frame: Frame, read: Callable[[NDArray[np.uint8]], Page], clock_ns: Callable[[], int]
) -> tuple[Page, dict[str, float], int]:
    """Read a frame: its page, `LATENCIES` in ms, and when it was done."""
    taken_ns = clock_ns()
    page = read(frame.image)
    finished_ns = clock_ns()
    age_ms = (taken_ns - frame.captured_ns) / NS_PER_MS
    total_ms = (finished_ns - frame.captured_ns) / NS_PER_MS
    return page, {"age": age_ms, **page.stage_ms, "total": total_ms}, finished_ns


def _count(counts: Counts, news: Sequence[Reading], dropped: int) -> Counts:
    return Counts(
        frames=counts.frames + 1,
        dropped=counts.dropped + dropped,
        readings=counts.readings + len(news),
        digits=counts.digits + sum(len(reading.digits) for reading in news),
    )
