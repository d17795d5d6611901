"""The tracker: follow digits from look to look, page by page.

The digits of a look are matched to the tracks of a scene, which is a page as known so far, by the motion that matches
most of them. If no scene fits, the page was changed: a new scene begins. Old scenes are kept for a while, because a
page may come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.vision.box import Box
from agent.vision.motion import Marks, Match, Motion, match
from agent.vision.track import Detections, Track, start_track

MIN_AGREEMENT = 0.5
"""A look shows a scene if at least this share of their digits agrees. Raising it starts new scenes more often.
Chosen by trial."""
OTHER_LABEL_WEIGHT = 0.4
"""Weight of a digit at the right place with another label when agreement is counted. Chosen by trial."""
MIN_COMPARABLE = 4
"""If fewer digits than this can be compared they may agree by chance, so all must have the right label, unless the page
hardly moved (`MAX_SMALL_MOTION`). Chosen by trial."""
MAX_SMALL_MOTION = 1 / 6
"""A page hardly moved if its shift is below this share of the height of the picture. Chosen by trial."""
CERTAIN_AGREEMENT = 0.8
"""If at least this share of the digits of a look agrees with a settled scene, no other scene is tried, which saves
time. Chosen by trial."""
SETTLED_LOOKS = 20
"""A scene is settled after this many looks. Chosen by trial."""
MIN_CLEAR_SHARE = 0.6
"""A look is clear if it finds more than this share of the confirmed digits that looks usually find; otherwise it was
blurred or blocked, and no digit is absent. Chosen by trial."""
USUAL_DECAY = 0.95
"""Factor by which the usual number of confirmed digits follows a lower number in each look. Chosen by trial."""
MIN_REPLACED_IOU = 0.3
"""A digit that is not found is replaced if a confirmed digit that is found overlaps it with an IoU above this.
Chosen by trial."""
MAX_SCENES = 4
"""Number of scenes that are kept. Raising it costs time in each look."""


@dataclass(frozen=True)
class _Scene:
    """A page as known so far."""

    tracks: tuple[Track, ...] = ()
    usual: float = 0.0
    """Number of confirmed digits that a look usually finds."""
    looks: int = 0
    """Number of looks at it."""


class Tracker:
    """Follows digits through a video."""

    def __init__(self) -> None:
        self._scenes = [_Scene()]
        self._ids = 0

    def follow(self, look: Detections) -> tuple[Track, ...]:
        """Take the digits of a look.

        Returns:
            The tracks of the page in view, with hidden ones. A digit at the edge of the picture may be cut off, so it
            is not followed: it gets a new track in each look and is never confirmed.
        """
        cut = tuple(start_track(self._next_id(), digit, look) for digit in look.digits if not look.holds(digit.box))
        whole = replace(look, digits=tuple(digit for digit in look.digits if look.holds(digit.box)))
        scene, found = self._recognise(whole) if whole.digits else (self._scenes[0], Match(Motion(), (), 0))
        now = self._update(scene, found, whole)
        others = [
            other for other in self._scenes if other is not scene and any(track.confirmed for track in other.tracks)
        ]
        self._scenes = [now, *others[: MAX_SCENES - 1]]
        return now.tracks + cut

    def _recognise(self, look: Detections) -> tuple[_Scene, Match]:
        """Return the scene that a look shows, and how it matches: the scene with most agreeing digits, or a new one.

        Of two scenes that agree equally, the older one is returned, because a page may come into view bit by bit.
        """
        marks = _marks([(digit.box, digit.digit) for digit in look.digits])
        best = _Scene(), Match(Motion(), (), 0)
        for scene in self._scenes:
            found = match(_marks([(track.box, track.label) for track in scene.tracks]), marks)
            fits = _fits(scene, found, look, current=scene is self._scenes[0])
            if fits and _agreed(found) >= _agreed(best[1]):
                best = scene, found
            if scene.looks >= SETTLED_LOOKS and _agreed(best[1]) >= CERTAIN_AGREEMENT * len(marks):
                break
        return best

    def _update(self, scene: _Scene, found: Match, look: Detections) -> _Scene:
        """Return the scene after a look."""
        tracks, digits = scene.tracks, look.digits
        seen = tuple(tracks[i].voted(digits[j], look) for i, j in found.pairs)
        paired, taken = {i for i, _ in found.pairs}, {j for _, j in found.pairs}
        left = [track.moved(found.motion) for i, track in enumerate(tracks) if i not in paired]
        count = sum(track.confirmed for track in seen)
        unseen = _unseen(left, seen, look, clear=count > MIN_CLEAR_SHARE * scene.usual)
        new = tuple(start_track(self._next_id(), digit, look) for j, digit in enumerate(digits) if j not in taken)
        usual = max(count, USUAL_DECAY * scene.usual + (1 - USUAL_DECAY) * count)
        return _Scene((*seen, *unseen, *new), usual, scene.looks + 1)

    def _next_id(self) -> int:
        self._ids += 1
        return self._ids


def _marks(digits: Sequence[tuple[Box, int]]) -> Marks:
    """Return digits as marks for matching."""
    return Marks(
        np.array([complex(*box.centre) for box, _ in digits], np.complex128),
        np.array([box.h for box, _ in digits], np.float64),
        np.array([label for _, label in digits], np.int64),
    )


def _unseen(left: Sequence[Track], seen: Sequence[Track], look: Detections, *, clear: bool) -> Iterator[Track]:
    """Yield the tracks that a look did not find, without those that are forgotten now."""
    known = [track.box for track in seen if track.confirmed]
    for track in left:
        covered = any(track.box.iou(box) > MIN_REPLACED_IOU for box in known)
        now = track.replaced() if covered else track.unseen(look, clear=clear)
        if not now.forgotten:
            yield now


def _agreed(found: Match) -> float:
    """Return the number of digits that agree with a scene."""
    return found.same_labels + OTHER_LABEL_WEIGHT * (len(found.pairs) - found.same_labels)


def _fits(scene: _Scene, found: Match, look: Detections, *, current: bool) -> bool:
    """Return whether a look may show this scene; `current` is True for the scene of the last look."""
    if not found.pairs:
        return False
    comparable = min(len(look.digits), round(scene.usual) or len(scene.tracks))
    if comparable >= MIN_COMPARABLE:
        return _agreed(found) >= MIN_AGREEMENT * comparable
    if current and abs(found.motion.shift) < MAX_SMALL_MOTION * look.height:
        return len(found.pairs) >= MIN_AGREEMENT * comparable
    return found.same_labels >= comparable >= min(MIN_COMPARABLE - 1, len(scene.tracks))
