"""Choice of the readings to announce: clear, steady, and not announced before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from agent.events import Sighting
from agent.live.signs import with_signs
from agent.vision.lines import Reading, group_lines
from agent.vision.track import Track
from agent.vision.undecided import add_marks

STEADY_S = 1.0
"""Time for which a reading must stay the same before it is announced, in seconds. It is longer than a writer takes for
the next digit; lowering it announces unfinished numbers. A guess; `docs/thresholds.md` has its effect."""
STEADY_LOOKS = 4
"""Looks in which a reading must be the same before it is announced. Raising it delays announcements. Chosen by
trial."""
CHANGED_LOOKS = 8
"""Looks in which a reading must be the same if one of its digits was announced before. Raising it delays corrections.
Chosen by trial."""
MIN_PROBABILITY = 0.6
"""Probability below which a digit is too uncertain to announce its reading. Raising it announces fewer readings. Chosen
by trial."""
MAX_REMEMBERED_DIGITS = 4096
"""Maximum number of announced digits that are remembered; the oldest digits are forgotten first. Raising it costs
memory. Not tuned."""

TrackIds = tuple[int, ...]


@dataclass(frozen=True)
class _Pending:
    """A reading in view, and how long it has been the same."""

    text: str
    looks: int
    since_s: float


@dataclass(frozen=True)
class _AnnouncedDigit:
    """A digit of a reading that was announced."""

    text: str
    """Digits of the whole reading, without signs."""
    announcement: int
    """Number of the announcement; it distinguishes readings with the same text."""
    label: int


class Announcements(NamedTuple):
    """What a look decides about the numbers in view."""

    announced: tuple[Reading, ...]
    """Readings to announce now."""
    sightings: tuple[Sighting, ...]
    """Numbers in view that are not announced yet."""
    due_s: float
    """When the first of them that waits for time only may be announced, in seconds; infinite if there is none."""


class Announcer:
    """Chooses the readings to announce, look by look."""

    def __init__(self) -> None:
        self._pending: dict[TrackIds, _Pending] = {}
        self._announced: dict[int, _AnnouncedDigit] = {}
        self._announcements = 0

    def announce(self, tracks: Sequence[Track], seen: Sequence[Reading], at_s: float) -> Announcements:
        """Return the readings to announce now, and what the others in view wait for.

        Args:
            tracks: digits of the page in view.
            seen: readings of the newest look; what is doubtful in them is doubtful in the tracked numbers, too.
            at_s: time of the look, in seconds, on any monotonic clock.
        """
        track_of = {
            track.digit: track for track in tracks if not (track.missed and (track.lost or not track.confirmed))
        }
        previous, self._pending = self._pending, {}
        announced, sightings, due_s = list[Reading](), list[Sighting](), math.inf
        for tracked in group_lines(tuple(track_of)):
            reading = with_signs(add_marks(tracked, seen), seen)
            members = [track_of[digit] for digit in reading.digits]
            pending = self._update_pending(members, previous, at_s, whole=not reading.cut_by_edge)
            if not self._is_new(reading, members):
                continue
            obstacle = _obstacle(reading, members)
            waits_for = obstacle or self._missing_looks(members, pending, at_s)
            if not waits_for:
                self._announcements += 1
                self._remember(_AnnouncedDigit(reading.digits_text, self._announcements, 0), members)
                announced.append(reading)
            elif any(track.shown for track in members):
                sightings.append(Sighting(reading, waits_for))
                due_s = min(due_s, math.inf if obstacle else pending.since_s + STEADY_S)
        return Announcements(tuple(announced), tuple(sightings), due_s)

    def _update_pending(
        self, members: Sequence[Track], previous: dict[TrackIds, _Pending], at_s: float, *, whole: bool
    ) -> _Pending:
        """Count a look at the visible part of a reading. If the edge may cut it, the count begins again."""
        visible = [track for track in members if track.shown]
        ids, text = tuple(track.id for track in visible), "".join(str(track.label) for track in visible)
        pending = previous.get(ids)
        if pending is None or pending.text != text or not whole:
            pending = _Pending(text, 0, at_s)
        updated = self._pending[ids] = replace(pending, looks=pending.looks + whole)
        return updated

    def _is_new(self, reading: Reading, members: Sequence[Track]) -> bool:
        """Whether a reading differs from the announcement of its digits. A part of an announced reading is not new."""
        before = [self._announced.get(track.id) for track in members]
        same = next((digit for digit in before if digit is not None and digit.text == reading.digits_text), None)
        if same is not None:
            self._remember(same, members)  # a digit may have been lost and found again
            return False
        same_labels = all(
            digit is not None and digit.label == track.label for digit, track in zip(before, members, strict=True)
        )
        return not same_labels or len({digit.announcement for digit in before if digit is not None}) != 1

    def _missing_looks(self, members: Sequence[Track], pending: _Pending, at_s: float) -> str:
        """Return how long a reading must stay the same until it is announced, in words; empty if it is steady."""
        changed = any(track.id in self._announced for track in members)
        looks = (CHANGED_LOOKS if changed else STEADY_LOOKS) - pending.looks
        if looks > 0:
            return f"{looks} more look{'' if looks == 1 else 's'}"
        left_s = STEADY_S - (at_s - pending.since_s)
        return f"{left_s:.1f} more seconds" if left_s > 0 else ""

    def _remember(self, announced: _AnnouncedDigit, members: Sequence[Track]) -> None:
        """Store an announcement under each track of its reading; forget the oldest tracks if there are too many."""
        for track in members:
            self._announced.pop(track.id, None)
            self._announced[track.id] = replace(announced, label=track.label)
        while len(self._announced) > MAX_REMEMBERED_DIGITS:
            del self._announced[next(iter(self._announced))]


def _obstacle(reading: Reading, members: Sequence[Track]) -> str:
    """Return the reason why a reading is not announced, in words; empty if it is whole, in view and certain."""
    if reading.cut_by_edge:
        return "too near the edge"
    if not all(track.confirmed for track in members):
        return "not seen often enough"
    if any(track.missed for track in members):
        return "partly hidden"
    lowest = min(digit.probability for digit in reading.digits)
    return f"unsure: {lowest:.2f}, below {MIN_PROBABILITY}" if lowest < MIN_PROBABILITY else ""
