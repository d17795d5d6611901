"""What a look at a frame dropped, and why. It is found only while somebody wants to know."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from agent.capture.source import Frame
from agent.events import DroppedCandidate
from agent.explain.outcomes import OutcomeKind, best_of_each_place, find_outcomes
from agent.live.watch import Observation, Watch
from agent.vision.pipeline import Trace

WANTED_S = 5.0
"""Time for which candidates are explained after somebody has asked, in seconds. Lowering it makes viewers with a slow
connection miss some. A guess that was never measured."""
MAX_DROPPED = 60
"""Most candidates of a look that are explained; those nearest to being read come first. Raising it shows more of
them in a picture that is already full. A guess that was never measured."""


class DroppedCandidates:
    """Explains the looks of a run while somebody wants to know.

    Args:
        look: demands a look at the next frame, even if it shows nothing new.
        clock: time in seconds.
    """

    def __init__(self, look: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._look, self._clock = look, clock
        self._wanted_until_s = -WANTED_S
        self._newest: tuple[DroppedCandidate, ...] = ()

    def want(self) -> None:
        """Ask for what is dropped in the next seconds; any thread may call this."""
        is_new = self._clock() > self._wanted_until_s
        self._wanted_until_s = self._clock() + WANTED_S
        if is_new:
            self._look()

    def take(self, trace: Trace) -> None:
        """Explain a look, if somebody wants to know."""
        if self._clock() > self._wanted_until_s:
            self._newest = ()
            return
        outcomes = best_of_each_place(find_outcomes(trace))
        dropped = [one for one in outcomes if one.kind is not OutcomeKind.READ]
        self._newest = tuple(DroppedCandidate(one.box, one.kind.title, one.kind.rgb) for one in dropped[:MAX_DROPPED])

    def watch(self, watch: Watch) -> Watch:
        """Return a function that watches frames as the given one does, and adds what the newest look dropped."""

        def watch_and_explain(frame: Frame) -> Observation:
            seen = watch(frame)
            return replace(seen, dropped=self._newest) if self._newest else seen

        return watch_and_explain
