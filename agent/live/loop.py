"""The loop of a run: it takes each frame, passes it to the watcher, and sends the result to the sinks.

The parts are arguments. The loop itself measures times, counts, and stops: at the end of the source, at a limit, or
on request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from agent.capture.source import Frame
from agent.events import Counts, FrameEvent, Vitals
from agent.live.sinks import Sink
from agent.live.watch import NS_PER_MS, Observation, Watch
from agent.summary import Summary, Tally
from profiles.errors import SourceError


@dataclass(frozen=True)
class Limits:
    """Limits at which a run stops before the source ends; None is no limit."""

    frames: int | None = None
    seconds: float | None = None

    def reached(self, frames: int, elapsed_ns: int) -> bool:
        """Whether a run with this number of frames and this duration is over."""
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
    """Watch frames until they end or their source fails, then close the sinks.

    Args:
        frames: frames in order of their numbers; gaps are dropped frames. After None the loop only checks for a stop.
        watch: analyses a frame.
        sinks: receive each frame event, in this order; none of them may block.
        stop: ends the loop when it is set.
        limits: end the loop when they are reached.
        vitals: returns the newest sample of the sensors without waiting.
        clock_ns: clock that gave the frames their times, in nanoseconds.

    Returns:
        Summary of the run, with the failure of the source if it failed.
    """
    started_ns = clock_ns()
    tally, counts, expected, failures = Tally(started_ns), Counts(), 0, list[SourceError]()
    with ExitStack() as closing:
        for sink in reversed(sinks):
            closing.callback(sink.close)
        for frame in _until_failure(frames, failures):
            if frame is not None:
                observation, latency_ms, finished_ns = _observe(frame, watch, clock_ns)
                counts = _add_to_counts(counts, observation, dropped=frame.number - expected)
                expected = frame.number + 1
                event = FrameEvent(
                    number=frame.number,
                    source=frame.source,
                    image=frame.image,
                    page=observation.page,
                    announced=observation.announced,
                    sightings=observation.sightings,
                    records=observation.records,
                    form_note=observation.form_note,
                    dropped=observation.dropped,
                    latency_ms=latency_ms,
                    finished_ns=finished_ns,
                    counts=counts,
                    vitals=vitals(),
                )
                tally.add(event, frame.truth)
                for sink in sinks:
                    sink.take(event)
            if stop.is_set() or limits.reached(counts.frames, clock_ns() - started_ns):
                break
        ended_ns = clock_ns()
    return tally.summary(counts, ended_ns, next(iter(failures), None))


def _until_failure(frames: Iterable[Frame | None], failures: list[SourceError]) -> Iterator[Frame | None]:
    """Yield the frames until they end. Store a failure of their source, so that the run still gets its summary."""
    try:
        yield from frames
    except SourceError as failure:
        failures.append(failure)


def _observe(frame: Frame, watch: Watch, clock_ns: Callable[[], int]) -> tuple[Observation, dict[str, float], int]:
    """Watch a frame.

    Returns:
        The observation, its `LATENCY_STAGES` in milliseconds (empty if the frame is unchanged), and its end.
    """
    taken_ns = clock_ns()
    observation = watch(frame)
    finished_ns = clock_ns()
    age_ms = (taken_ns - frame.captured_ns) / NS_PER_MS
    total_ms = (finished_ns - frame.captured_ns) / NS_PER_MS
    latency_ms = {} if observation.unchanged else {"age": age_ms, **observation.page.stage_ms, "total": total_ms}
    return observation, latency_ms, finished_ns


def _add_to_counts(counts: Counts, observation: Observation, dropped: int) -> Counts:
    return Counts(
        frames=counts.frames + 1,
        dropped=counts.dropped + dropped,
        readings=counts.readings + len(observation.announced),
        digits=counts.digits + sum(len(reading.digits) for reading in observation.announced),
        unchanged=counts.unchanged + observation.unchanged,
        records=counts.records + len(observation.records),
    )
