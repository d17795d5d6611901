"""The loop: a frame in, its readings out, every sink told; the only place where all parts meet.

The parts come in as arguments: what gives frames, what watches them, who wants to hear. The loop times, counts, and
stops: at the end of the source, at a limit, or when it is asked to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from agent.capture.frame import Frame
from agent.events import Counts, FrameEvent, Vitals
from agent.live.sinks import Sink
from agent.live.summary import Summary, Tally
from agent.live.watch import Observation, Watch
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
    watch: Watch,
    sinks: Sequence[Sink],
    *,
    stop: threading.Event,
    limits: Limits = Limits(),
    vitals: Callable[[], Vitals | None] = lambda: None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> Summary:
    """Watch frames until they end or their source fails, and close the sinks.

    Args:
        frames: frames in order of their number, whose gaps are frames dropped; None is a chance to stop.
        watch: says what is known after each frame.
        sinks: told of each frame, in this order; none of them may block.
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
                seen, latency_ms, finished_ns = _look(frame, watch, clock_ns)
                counts = _count(counts, seen, dropped=frame.number - expected)
                expected = frame.number + 1
                tick = FrameEvent(
                    number=frame.number,
                    source=frame.source,
                    image=frame.image,
                    page=seen.page,
                    announced=seen.news,
                    latency_ms=latency_ms,
                    finished_ns=finished_ns,
                    counts=counts,
                    vitals=vitals(),
                )
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


def _look(frame: Frame, watch: Watch, clock_ns: Callable[[], int]) -> tuple[Observation, dict[str, float], int]:
    """What is known after a frame, `LATENCIES` in ms where it was read, and when it was done."""
    taken_ns = clock_ns()
    seen = watch(frame)
    finished_ns = clock_ns()
    age_ms = (taken_ns - frame.captured_ns) / NS_PER_MS
    total_ms = (finished_ns - frame.captured_ns) / NS_PER_MS
    latency_ms = {} if seen.unchanged else {"age": age_ms, **seen.page.stage_ms, "total": total_ms}
    return seen, latency_ms, finished_ns


def _count(counts: Counts, seen: Observation, dropped: int) -> Counts:
    return Counts(
        frames=counts.frames + 1,
        dropped=counts.dropped + dropped,
        readings=counts.readings + len(seen.news),
        digits=counts.digits + sum(len(reading.digits) for reading in seen.news),
        unchanged=counts.unchanged + seen.unchanged,
    )
