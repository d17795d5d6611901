"""Choice of the readings to announce: clear, steady, and not announced before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.vision.box import Box
from agent.vision.lines import Reading, group_lines
from agent.vision.track import Track

STEADY_S = 1.0
"""Time for which a reading must stay the same before it is announced, in seconds.

It is longer than a writer takes for the next digit; a lower value announces unfinished numbers.
"""
STEADY_LOOKS = 4
"""Looks in which a reading must be the same before it is announced. Chosen by trial."""
CHANGED_LOOKS = 8
"""Looks in which a reading must be the same if one of its digits was announced before. Chosen by trial."""
MIN_PROBABILITY = 0.6
"""Probability below which a digit is too uncertain to announce its reading. Chosen by trial."""
EDGE_HEIGHTS = 0.5
"""Margin to the left and right edge of the picture, in digit heights. A reading in the margin may continue outside."""
EDGE_PX = 2
"""Margin to the upper and lower edge of the picture, in pixels. A digit in the margin may be cut off."""
MAX_REMEMBERED_DIGITS = 4096
"""Maximum number of announced digits that are remembered; the oldest digits are forgotten first."""

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
    """Text of the whole reading."""
    announcement: int
    """Number of the announcement; it distinguishes readings with the same text."""
    label: int


class Announcer:
    """Chooses the readings to announce, look by look."""

    def __init__(self) -> None:
        self._pending: dict[TrackIds, _Pending] = {}
        self._announced: dict[int, _AnnouncedDigit] = {}
        self._announcements = 0

    def announce(self, tracks: Sequence[Track], width: int, height: int, at_s: float) -> tuple[Reading, ...]:
        """Return the readings to announce now.

        Args:
            tracks: digits of the page in view.
            width: width of the picture, in pixels.
            height: height of the picture, in pixels.
            at_s: time of the look, in seconds, on any monotonic clock.
        """
        track_of = {
            track.digit: track for track in tracks if not (track.missed and (track.lost or not track.confirmed))
        }
        previous, self._pending = self._pending, {}
        announced = []
        for reading in group_lines(tuple(track_of)):
            members = [track_of[digit] for digit in reading.digits]
            pending = self._update_pending(members, previous, at_s)
            if not self._is_new(reading, members):
                continue
            if _is_clear(reading, members, width, height) and self._is_steady(members, pending, at_s):
                self._announcements += 1
                self._remember(_AnnouncedDigit(reading.text, self._announcements, 0), members)
                announced.append(reading)
        return tuple(announced)

    def _update_pending(self, members: Sequence[Track], previous: dict[TrackIds, _Pending], at_s: float) -> _Pending:
        """Count a look at the visible part of a reading."""
        visible = [track for track in members if track.shown]
        ids, text = tuple(track.id for track in visible), "".join(str(track.label) for track in visible)
        pending = previous.get(ids)
        if pending is None or pending.text != text:
            pending = _Pending(text, 0, at_s)
        updated = self._pending[ids] = replace(pending, looks=pending.looks + 1)
        return updated

    def _is_new(self, reading: Reading, members: Sequence[Track]) -> bool:
        """Whether a reading differs from the announcement of its digits. A part of an announced reading is not new."""
        before = [self._announced.get(track.id) for track in members]
        same = next((digit for digit in before if digit is not None and digit.text == reading.text), None)
        if same is not None:
            self._remember(same, members)  # a digit may have been lost and found again
            return False
        same_labels = all(
            digit is not None and digit.label == track.label for digit, track in zip(before, members, strict=True)
        )
        return not same_labels or len({digit.announcement for digit in before if digit is not None}) != 1

    def _is_steady(self, members: Sequence[Track], pending: _Pending, at_s: float) -> bool:
        """Whether a reading stayed the same for enough looks and for enough seconds."""
        changed = any(track.id in self._announced for track in members)
        return pending.looks >= (CHANGED_LOOKS if changed else STEADY_LOOKS) and at_s - pending.since_s >= STEADY_S

    def _remember(self, announced: _AnnouncedDigit, members: Sequence[Track]) -> None:
        """Store an announcement under each track of its reading; forget the oldest tracks if there are too many."""
        for track in members:
            self._announced.pop(track.id, None)
            self._announced[track.id] = replace(announced, label=track.label)
        while len(self._announced) > MAX_REMEMBERED_DIGITS:
            del self._announced[next(iter(self._announced))]


def _is_clear(reading: Reading, members: Sequence[Track], width: int, height: int) -> bool:
    """Whether all digits are visible and certain, and the reading is not close to the edge of the picture."""
    if not all(track.confirmed and not track.missed for track in members):
        return False
    if any(digit.probability < MIN_PROBABILITY for digit in reading.digits):
        return False
    margin, box = round(EDGE_HEIGHTS * max(digit.box.h for digit in reading.digits)), reading.box
    inner = Box(margin, EDGE_PX, width - 2 * margin, height - 2 * EDGE_PX)
    return box.x >= inner.x and box.right <= inner.right and box.y >= inner.y and box.bottom <= inner.bottom
