"""Which readings are news: those that stand still in what they say, and were not said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.vision.box import Box
from agent.vision.lines import Reading, group_lines
from agent.vision.track import Track

STEADY_S = 1.0
"""A reading is news when it was the same for so long, which is more than a writer takes for the next digit, ..."""
STEADY_LOOKS = 4
"""... and in so many looks; ..."""
CHANGED_LOOKS = 8
"""... in so many, where something else was said of this place before."""
SURE = 0.6
"""A digit whose votes agree less than this is not sure."""
EDGE_HEIGHTS = 0.5
"""A reading that is nearer to the picture's edge, in heights of a digit, may go on beyond it."""
REMEMBERED = 4096
"""Digits of which is known what was said."""

Names = tuple[int, ...]


@dataclass(frozen=True)
class _Waiting:
    """A reading that is not yet said."""

    text: str
    looks: int
    since_s: float


@dataclass(frozen=True)
class _Said:
    """What was said of a digit."""

    text: str
    """The reading it was part of, ..."""
    announcement: int
    """... which this number tells from others of the same text."""
    label: int


class Announcer:
    """Decides, look by look, which readings to announce."""

    def __init__(self) -> None:
        self._waiting: dict[Names, _Waiting] = {}
        self._said: dict[int, _Said] = {}
        self._announcements = 0

    def news(self, tracks: Sequence[Track], width: int, height: int, at_s: float) -> tuple[Reading, ...]:
        """The readings to be announced now.

        Args:
            tracks: the digits of the page in view.
            width: the picture's, in pixels.
            height: likewise.
            at_s: when the look was taken, in seconds on any clock that goes on.
        """
        of_digit = {
            track.digit: track for track in tracks if not (track.missed and (track.lost or not track.confirmed))
        }
        before, self._waiting = self._waiting, {}
        news = []
        for reading in group_lines(tuple(of_digit)):
            members = [of_digit[digit] for digit in reading.digits]
            waiting = self._wait(members, before, at_s)
            if not self._is_news(reading, members):
                continue
            if _is_clear(reading, members, width, height) and self._is_steady(members, waiting, at_s):
                self._say(reading, members)
                news.append(reading)
        return tuple(news)

    def _wait(self, members: Sequence[Track], before: dict[Names, _Waiting], at_s: float) -> _Waiting:
        """How long that part of a reading which is not hidden has been the same."""
        visible = [track for track in members if track.shown]
        names, text = tuple(track.id for track in visible), "".join(str(track.label) for track in visible)
        known = before.get(names)
        if known is None or known.text != text:
            known = _Waiting(text, 0, at_s)
        now = self._waiting[names] = replace(known, looks=known.looks + 1)
        return now

    def _is_news(self, reading: Reading, members: Sequence[Track]) -> bool:
        """Whether it differs from what was said of its digits; a part of what was said is nothing else."""
        said = [self._said.get(track.id) for track in members]
        same = next((one for one in said if one is not None and one.text == reading.text), None)
        if same is not None:
            self._keep(same, members)  # a digit may have been lost and found again
            return False
        part = all(one is not None and one.label == track.label for one, track in zip(said, members, strict=True))
        return not part or len({one.announcement for one in said if one is not None}) != 1

    def _is_steady(self, members: Sequence[Track], waiting: _Waiting, at_s: float) -> bool:
        changed = any(track.id in self._said for track in members)
        return waiting.looks >= (CHANGED_LOOKS if changed else STEADY_LOOKS) and at_s - waiting.since_s >= STEADY_S

    def _say(self, reading: Reading, members: Sequence[Track]) -> None:
        self._announcements += 1
        self._keep(_Said(reading.text, self._announcements, 0), members)

    def _keep(self, said: _Said, members: Sequence[Track]) -> None:
        for track in members:
            self._said.pop(track.id, None)
            self._said[track.id] = replace(said, label=track.label)
        while len(self._said) > REMEMBERED:
            del self._said[next(iter(self._said))]


def _is_clear(reading: Reading, members: Sequence[Track], width: int, height: int) -> bool:
    """Whether every digit is seen, and surely read, and the reading ends well within the picture."""
    if not all(track.confirmed and not track.missed for track in members):
        return False
    if any(digit.probability < SURE for digit in reading.digits):
        return False
    margin, box = round(EDGE_HEIGHTS * max(digit.box.h for digit in reading.digits)), reading.box
    inner = Box(margin, 2, width - 2 * margin, height - 4)
    return box.x >= inner.x and box.right <= inner.right and box.y >= inner.y and box.bottom <= inner.bottom
