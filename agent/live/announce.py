"""Which readings are news: steady over a few frames, and not said before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.vision.box import Box
from agent.vision.lines import Reading

STEADY_FRAMES = 3
"""A reading must be seen so many frames in a row; a slip of one frame is no news."""
SAME_PLACE = 0.3
"""Overlap of boxes, intersection over union, that counts as the same place."""
FORGET_FRAMES = 30
"""An announced reading that was not seen for so many frames is news again when it comes back."""


@dataclass(frozen=True)
class _Seen:
    """A text at a place."""

    text: str
    box: Box
    times: int
    missed: int = 0

    @property
    def announced(self) -> bool:
        return self.times >= STEADY_FRAMES

    def is_of(self, reading: Reading) -> bool:
        return self.text == reading.text and self.box.overlap(reading.box) >= SAME_PLACE


class Announcer:
    """Decides, frame by frame, which readings to announce.

    Args:
        stills: each frame is a picture of its own (a folder of pictures), so all its readings are news at once.
    """

    def __init__(self, *, stills: bool = False) -> None:
        self._stills = stills
        self._seen: list[_Seen] = []

    def news(self, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
        """The readings of the next frame that are to be announced now."""
        if self._stills:
            return readings
        news, before, now = [], self._seen, []
        for reading in readings:
            known = next((seen for seen in before if seen.is_of(reading)), None)
            times = 1 if known is None else known.times + 1
            now.append(_Seen(reading.text, reading.box, times))
            if known is not None:
                before = [seen for seen in before if seen is not known]
            if times == STEADY_FRAMES:
                news.append(reading)
        gone = (replace(seen, missed=seen.missed + 1) for seen in before if seen.announced)
        self._seen = now + [seen for seen in gone if seen.missed < FORGET_FRAMES]
        return tuple(news)
