"""A live source that outlasts its faults: each is seen, said once, and the source opened again until it is back.

Faults are judged by time and by content, for a camera's word is not enough: after an unplug `read()` may wait for
ever, or hand out the last picture again and again.

A thread that hangs in a driver cannot be ended. It is asked to end, given time, and then left behind. Where the camera
cannot be had besides, or too many threads were left, the run fails: only the end of the process frees what they hold,
and the service is then started anew.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from agent.capture.freeze import FreezeDetector
from agent.capture.latest import LatestFrame
from agent.capture.outage import Outage, in_words
from agent.capture.source import Frame, Source
from profiles.errors import SourceError

SHORTEST_WAIT_S = 0.05


@dataclass(frozen=True)
class ReconnectPolicy:
    """How long a live source is waited for, in seconds."""

    silent_s: float = 1.8
    """Without a frame, until it is lost; it and `frozen_s` let every fault be seen within two seconds."""
    frozen_s: float = 1.8
    """With the same picture, until it is suspected to hang."""
    opening_s: float = 60.0
    """For an attempt to open it, its first frame included: where no name server answers, that alone takes half."""
    release_s: float = 12.0
    """For one that was given up to let go of the camera; longer than its own timeouts."""
    hopeless_s: float = 120.0
    """For an outage in which something hangs, until the run fails."""
    pauses_s: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
    """Before each attempt; the last is repeated. They begin anew once a source was well for as long as the last."""
    most_left: int = 8
    """So many threads that hang may be left behind."""


@dataclass
class _Failure:
    began_s: float
    frozen: bool = False
    """It ends with another picture, not with the next one."""
    reason: str = ""
    """The last; all of them were said."""
    said: set[str] = field(default_factory=set)
    left: list[LatestFrame] = field(default_factory=list)
    """Those that hung during it."""


class ReconnectingSource:
    """Frames of a live source, and of those that are opened in its place when it fails. One thread uses it.

    Args:
        source: open; its thread closes it.
        reopen: opens it anew; called on a thread of its own.
        say: told of each fault when it is first seen, and when the source is back.
        patience: how long what is waited for.
        clock: seconds.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[], Source],
        say: Callable[[str], None],
        *,
        patience: ReconnectPolicy = ReconnectPolicy(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._title, self._reopen, self._say = source.title, reopen, say
        self._patience, self._clock, self._sleep = patience, clock, sleep
        self._still = FreezeDetector(patience.frozen_s)
        self._outage: _Failure | None = None
        self._left: list[LatestFrame] = []
        self._well_s = self._back_s = clock()
        self._tries = 0
        self._next_number = 0
        self._start(lambda: source, patience.silent_s)

    @property
    def away(self) -> Outage | None:
        """For how long there have been no frames, where that is a fault."""
        outage, now_s = self._outage, self._clock()
        if outage is None or self._flows:
            return None
        next_try_s = max(0.0, self._next_try_s - now_s) if self._given_up else 0.0
        return Outage(now_s - outage.began_s, next_try_s, outage.reason)

    def get(self, timeout_s: float) -> Frame | None:
        """The newest frame that was not taken yet; None where none came in time.

        Raises:
            SourceError: it hangs, and nothing but the end of this process frees it.
        """
        if self._outage is not None and self._clock() >= self._next_try_s:
            self._try_again(self._outage)
        if self._given_up:
            self._rest(timeout_s)
            return None
        patient_s = max(SHORTEST_WAIT_S, self._silent_at_s - self._clock())
        try:
            frame = self._latest.get(min(timeout_s, patient_s))
        except SourceError as failure:
            self._lose(str(failure))
            return None
        if frame is not None:
            return self._judge(frame)
        if self._latest.ended:
            self._lose(f"{self._title} ended; check that it is running")
        elif self._clock() >= self._silent_at_s:
            self._lose(f"{self._title} gives no frame; check that it is connected and running")
        return None

    def close(self) -> None:
        """Let go of the source; one that hangs is not waited for."""
        self._latest.close()

    def _judge(self, frame: Frame) -> Frame | None:
        image, now_s = frame.image, self._clock()
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            shape = "×".join(map(str, image.shape))
            self._lose(f"{self._title} gives {shape} {image.dtype} and no BGR picture; set it to another format")
            return None
        self._flows, self._silent_at_s = True, now_s + self._patience.silent_s
        self._still.add(image, now_s)
        if self._still.frozen:
            self._suspect()
        elif self._outage is None:
            self._well_s = now_s
        elif not (self._outage.frozen and self._still.repeats):
            self._return(self._outage, now_s)
        number, self._next_number = self._first_number + frame.number, self._first_number + frame.number + 1
        return replace(frame, number=number)

    def _lose(self, reason: str) -> None:
        """Give the source up, and plan its opening."""
        if not self._tell(reason).frozen:
            self._still = FreezeDetector(self._patience.frozen_s)
        self._give_up()
        self._plan()

    def _suspect(self) -> None:
        """What shows one picture only may be well: it is watched on, and opened anew from time to time."""
        if self._next_try_s == math.inf:
            self._tell(f"{self._title} shows the same picture all the time; if things move before it, it hangs")
            self._plan()
        if self._outage is not None:
            self._outage.frozen = True

    def _return(self, outage: _Failure, now_s: float) -> None:
        self._say(f"{self._title} is back after {in_words(now_s - outage.began_s)}")
        self._outage, self._next_try_s = None, math.inf
        self._well_s = self._back_s = now_s

    def _tell(self, reason: str) -> _Failure:
        """Say what is wrong, unless it was said of this outage already."""
        outage = self._outage
        if outage is None:
            outage = self._outage = _Failure(self._well_s)
            if self._well_s - self._back_s >= self._patience.pauses_s[-1]:
                self._tries = 0
        outage.reason = reason
        if reason not in outage.said:
            outage.said.add(reason)
            self._say(reason)
        return outage

    def _plan(self) -> None:
        pauses_s = self._patience.pauses_s
        self._next_try_s = self._clock() + pauses_s[min(self._tries, len(pauses_s) - 1)]
        self._tries += 1

    @property
    def _given_up(self) -> bool:
        return self._leave_at_s < math.inf

    def _give_up(self) -> None:
        if not self._given_up:
            self._latest.stop()
            self._flows = False
            self._leave_at_s = self._clock() + self._patience.release_s

    def _try_again(self, outage: _Failure) -> None:
        """Open the source anew, once what it was before has let go of the camera, or hangs."""
        self._give_up()
        if not self._latest.released:
            if self._clock() < self._leave_at_s:
                return
            outage.left.append(self._latest)
            self._left.append(self._latest)
        self._check_hope(outage)
        self._start(self._reopen, self._patience.opening_s)

    def _check_hope(self, outage: _Failure) -> None:
        self._left = [latest for latest in self._left if not latest.released]
        hangs = any(latest in self._left for latest in outage.left)
        hopeless = hangs and self._clock() - outage.began_s >= self._patience.hopeless_s
        if hopeless or len(self._left) > self._patience.most_left:
            raise SourceError(
                f"{self._title} hangs in its driver, {len(self._left)} times by now; start digit-agent anew, as its "
                "service does by itself; if that does not help, unplug the camera for a moment"
            )

    def _start(self, opening: Callable[[], Source], patience_s: float) -> None:
        self._latest, self._flows = LatestFrame(opening), False
        self._silent_at_s = self._clock() + patience_s
        self._next_try_s = self._leave_at_s = math.inf
        self._first_number = self._next_number

    def _rest(self, timeout_s: float) -> None:
        pause_s = self._next_try_s - self._clock()
        if pause_s > 0:
            self._sleep(min(timeout_s, pause_s))
        else:
            self._latest.close(timeout_s)
