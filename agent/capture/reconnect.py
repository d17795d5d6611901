"""A live source that is opened again after each failure, until it is back.

Failures are recognized by time and by content, because a camera does not always report them: after it was unplugged,
`read()` may block for ever, or return the last image again and again.

A thread that hangs in a driver cannot be stopped. It is asked to end, given some time, and then left behind. If the
camera cannot be opened any more, or too many threads were left behind, the run fails: only the end of the process
releases what they hold, and systemd then starts the service again.
"""

from __future__ import annotations

import enum
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from agent.capture.freeze import FreezeDetector
from agent.capture.latest import LatestFrame
from agent.capture.outage import Outage, format_duration
from agent.capture.source import Frame, Source
from profiles.errors import SourceError

MIN_WAIT_S = 0.05
"""Shortest wait for a frame, in seconds, when a timeout has just passed. Chosen by trial."""


@dataclass(frozen=True)
class ReconnectPolicy:
    """Timeouts of a live source, in seconds, and delays between attempts to open it."""

    silence_timeout_s: float = 1.8
    """Longest time without a frame. Together with the time of one wait, a failure is noticed within two seconds."""
    freeze_timeout_s: float = 1.8
    """Longest time with the same image. Together with the time of one frame, a freeze is noticed within two seconds."""
    open_timeout_s: float = 60.0
    """Longest time from an attempt to open the source to its first frame. Without a name server, half of it is spent on
    the name alone."""
    release_timeout_s: float = 12.0
    """Longest time for a stopped source to release the camera; longer than the timeouts of the sources themselves."""
    hang_timeout_s: float = 120.0
    """Longest outage during which a thread hangs; after that the run fails."""
    retry_delays_s: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
    """Delay before each attempt; the last one is repeated. Once the source has worked for as long as the last delay,
    the next outage begins with the first delay again."""
    max_hung_threads: int = 8
    """Number of threads that may hang at the same time. If one more hangs, the run fails."""


class _State(enum.Enum):
    OPENING = enum.auto()
    """A thread opens the source; no frame has come yet."""
    STREAMING = enum.auto()
    """Frames come. After a freeze, all frames may show the same image."""
    RELEASING = enum.auto()
    """The thread was asked to close the source; the next attempt is scheduled."""


@dataclass
class _Failure:
    """Failure that caused the present outage."""

    since_s: float
    frozen: bool = False
    """Whether the source repeats one image. Such a failure ends when a different image arrives."""
    reason: str = ""
    """The latest reason."""
    reported: set[str] = field(default_factory=set)
    """Reasons that were reported, so that none is reported twice."""
    hung_threads: list[LatestFrame] = field(default_factory=list)
    """Threads of this failure that did not end within the time limit."""


class ReconnectingSource:
    """Frames of a live source that is opened again when it fails. Use it from one thread only.

    Args:
        source: an open source; its thread closes it.
        reopen: opens the source again; called on a thread of its own.
        report: called with a line of text when a failure begins and when the source works again.
        policy: timeouts and delays.
        clock: returns seconds.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[], Source],
        report: Callable[[str], None],
        *,
        policy: ReconnectPolicy = ReconnectPolicy(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._title, self._reopen, self._report = source.title, reopen, report
        self._wanted, self._policy = policy, _for_source(policy, source)
        self._clock, self._sleep = clock, sleep
        self._freeze = FreezeDetector(policy.freeze_timeout_s)
        self._failure: _Failure | None = None
        self._hung_threads: list[LatestFrame] = []
        self._last_good_s = self._recovered_s = clock()
        self._attempts = 0
        self._next_number = 0
        self._start(lambda: source, self._policy.silence_timeout_s)

    @property
    def outage(self) -> Outage | None:
        """The present outage; None while frames come."""
        failure, now_s = self._failure, self._clock()
        if failure is None or self._state is _State.STREAMING:
            return None
        next_try_s = max(0.0, self._next_attempt_s - now_s) if self._state is _State.RELEASING else 0.0
        return Outage(now_s - failure.since_s, next_try_s, failure.reason)

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame that was not returned before, or None if there is none in time.

        Raises:
            SourceError: the source hangs in its driver; only the end of this process releases the camera.
        """
        if self._failure is not None and self._clock() >= self._next_attempt_s:
            self._try_to_reopen(self._failure)
        if self._state is _State.RELEASING:
            self._wait_for_next_attempt(timeout_s)
            return None
        wait_s = max(MIN_WAIT_S, self._frame_deadline_s - self._clock())
        try:
            frame = self._latest.get(min(timeout_s, wait_s))
        except SourceError as error:
            self._fail(str(error))
            return None
        if frame is not None:
            return self._accept(frame)
        if self._latest.ended:
            self._fail(f"{self._title} ended; check that it is running")
        elif self._clock() >= self._frame_deadline_s:
            self._fail(f"{self._title} gives no frame; check that it is connected and running")
        return None

    def close(self) -> None:
        """Release the source. A source that hangs is not waited for."""
        self._latest.close()

    def _accept(self, frame: Frame) -> Frame | None:
        """Check a frame, update the state, and return the frame with a number that goes on across outages."""
        image, now_s = frame.image, self._clock()
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            shape = "×".join(map(str, image.shape))
            self._fail(f"{self._title} gives {shape} {image.dtype} instead of a BGR image; set it to another format")
            return None
        self._state, self._frame_deadline_s = _State.STREAMING, now_s + self._policy.silence_timeout_s
        self._freeze.add(image, now_s)
        if self._freeze.frozen:
            self._handle_freeze()
        elif self._failure is None:
            self._last_good_s = now_s
        elif not (self._failure.frozen and self._freeze.repeats):
            self._recover(self._failure, now_s)
        number = self._first_number + frame.number
        self._next_number = number + 1
        return replace(frame, number=number)

    def _fail(self, reason: str) -> None:
        """Stop the source, and schedule an attempt to open it again."""
        if not self._report_failure(reason).frozen:
            self._freeze = FreezeDetector(self._policy.freeze_timeout_s)
        self._release()
        self._schedule_attempt()

    def _handle_freeze(self) -> None:
        """Report a freeze, and open the source again from time to time; its frames are still passed on.

        Equal images are not always a fault: a screen that is captured by its cable may not change for hours.
        """
        if self._next_attempt_s == math.inf:
            self._report_failure(
                f"{self._title} shows the same picture all the time; if things move in front of it, it hangs"
            )
            self._schedule_attempt()
        if self._failure is not None:
            self._failure.frozen = True

    def _recover(self, failure: _Failure, now_s: float) -> None:
        self._report(f"{self._title} is back after {format_duration(now_s - failure.since_s)}")
        self._failure, self._next_attempt_s = None, math.inf
        self._last_good_s = self._recovered_s = now_s

    def _report_failure(self, reason: str) -> _Failure:
        """Report a reason, unless it was reported before in this outage."""
        failure = self._failure
        if failure is None:
            failure = self._failure = _Failure(self._last_good_s)
            if self._last_good_s - self._recovered_s >= self._policy.retry_delays_s[-1]:
                self._attempts = 0
        failure.reason = reason
        if reason not in failure.reported:
            failure.reported.add(reason)
            self._report(reason)
        return failure

    def _schedule_attempt(self) -> None:
        delays_s = self._policy.retry_delays_s
        self._next_attempt_s = self._clock() + delays_s[min(self._attempts, len(delays_s) - 1)]
        self._attempts += 1

    def _release(self) -> None:
        """Ask the thread to close the source, and give it time to do so."""
        if self._state is not _State.RELEASING:
            self._latest.stop()
            self._state = _State.RELEASING
            self._release_deadline_s = self._clock() + self._policy.release_timeout_s

    def _try_to_reopen(self, failure: _Failure) -> None:
        """Open the source again as soon as the thread before has released the camera, or has hung for too long."""
        self._release()
        if not self._latest.released:
            if self._clock() < self._release_deadline_s:
                return
            failure.hung_threads.append(self._latest)
            self._hung_threads.append(self._latest)
        self._check_hung_threads(failure)
        self._start(self._open_again, self._policy.open_timeout_s)

    def _open_again(self) -> Source:
        """Open the source on its own thread. It may be another one than before."""
        source = self._reopen()
        self._title, self._policy = source.title, _for_source(self._wanted, source)
        return source

    def _check_hung_threads(self, failure: _Failure) -> None:
        self._hung_threads = [latest for latest in self._hung_threads if not latest.released]
        hangs = any(latest in self._hung_threads for latest in failure.hung_threads)
        too_long = hangs and self._clock() - failure.since_s >= self._policy.hang_timeout_s
        if too_long or len(self._hung_threads) > self._policy.max_hung_threads:
            raise SourceError(
                f"{self._title} hangs in its driver, {len(self._hung_threads)} times so far",
                advice="restart digit-agent (its service restarts by itself); if that does not help, unplug the camera "
                "for a moment",
            )

    def _start(self, opening: Callable[[], Source], timeout_s: float) -> None:
        """Open the source on a new thread; its first frame must come within the timeout."""
        self._latest, self._state = LatestFrame(opening), _State.OPENING
        self._frame_deadline_s = self._clock() + timeout_s
        self._next_attempt_s = math.inf
        self._first_number = self._next_number

    def _wait_for_next_attempt(self, timeout_s: float) -> None:
        delay_s = self._next_attempt_s - self._clock()
        if delay_s > 0:
            self._sleep(min(timeout_s, delay_s))
        else:
            self._latest.close(timeout_s)


def _for_source(policy: ReconnectPolicy, source: Source) -> ReconnectPolicy:
    """Return the policy with timeouts that are at least as long as the source may take for a frame."""
    return replace(
        policy,
        silence_timeout_s=max(policy.silence_timeout_s, source.silence_timeout_s),
        open_timeout_s=max(policy.open_timeout_s, source.silence_timeout_s),
    )
