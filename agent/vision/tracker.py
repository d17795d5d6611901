"""The tracker: follow digits from look to look, page by page.

A scene is a page as known so far: its tracks. The tracker looks for the motion that matches most digits of a look to
tracks of a scene. If no scene fits, the page was changed, and a new scene begins. Old scenes are kept for a while,
because a page may come back. The rules by which a track is confirmed, lost and forgotten are in `agent.vision.track`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.vision.box import Box
from agent.vision.motion import Marks, Match, Motion, match
from agent.vision.track import Detections, Track, start_track

MIN_AGREEMENT = 0.5
"""A look shows a scene if at least this share of their digits agrees. Raising it starts new scenes more often. Chosen
by trial."""
OTHER_LABEL_WEIGHT = 0.4
"""Weight of a digit at the right place with another label when agreement is counted; the weight of one with the same
label is 1. Raising it starts new scenes less often. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MIN_COMPARABLE = 4
"""If a look and a scene have fewer digits than this in common, they may match by chance. Then all labels must match,
unless the page moved little (`MAX_SMALL_SHIFT`). Raising it starts new scenes more often. Chosen by trial. The
sensitivity run found no effect at ±20 %."""
MAX_SMALL_SHIFT = 1 / 6
"""A page moved little if its shift is below this share of the height of the picture. Raising it starts new scenes less
often. Chosen by trial. The sensitivity run found no effect at ±20 %."""
CERTAIN_AGREEMENT = 0.8
"""If at least this share of the digits of a look agrees with a settled scene, no other scene is tried, to save time.
Raising it costs time. Chosen by trial. The sensitivity run found no effect at ±20 %."""
SETTLED_LOOKS = 20
"""A scene is settled after this many looks (`CERTAIN_AGREEMENT`). Raising it costs time. Chosen by trial. The
sensitivity run found no effect at ±20 %."""
MIN_CLEAR_SHARE = 0.6
"""A look is clear if it finds more than this share of the confirmed digits that looks usually find; otherwise it was
blurred or blocked, and no digit counts as absent. Raising it keeps digits longer. Chosen by trial. The sensitivity run
found no effect at ±20 %."""
USUAL_DECAY = 0.95
"""Factor by which the difference between the usual and a lower number of confirmed digits shrinks with each look.
Raising it makes the usual number steadier. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MIN_REPLACED_IOU = 0.3
"""A digit that is not found is replaced if a confirmed digit that is found overlaps it with an IoU above this. Raising
it keeps more of the old digits. Chosen by trial. The sensitivity run found no effect at ±20 %."""
MAX_SCENES = 4
"""Number of scenes that are kept. Raising it costs time in each look. Chosen by trial. The sensitivity run found no
effect at ±20 %."""


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
        """The scenes that are known; the first one is the scene of the last look."""
        self._last_id = 0

    def follow(self, look: Detections) -> tuple[Track, ...]:
        """Take the digits of a look.

        Returns:
            The tracks of the page in view, including tracks that are hidden now. A digit at the edge of the picture may
            be cut off, so it is not followed: it gets a new track in each look and is never confirmed.
        """
        cut_off = tuple(start_track(self._next_id(), digit, look) for digit in look.digits if not look.holds(digit.box))
        inside = replace(look, digits=tuple(digit for digit in look.digits if look.holds(digit.box)))
        scene, matched = self._recognise(inside) if inside.digits else (self._scenes[0], Match(Motion(), (), 0))
        updated = self._update(scene, matched, inside)
        others = [
            other for other in self._scenes if other is not scene and any(track.confirmed for track in other.tracks)
        ]
        self._scenes = [updated, *others[: MAX_SCENES - 1]]
        return updated.tracks + cut_off

    def _recognise(self, look: Detections) -> tuple[_Scene, Match]:
        """Return the scene with the most digits that agree with a look, and its match; a new scene if none fits.

        Of two scenes that agree equally, the older one is returned, because a page may come into view bit by bit.
        """
        marks = _marks([(digit.box, digit.digit) for digit in look.digits])
        best, best_match = _Scene(), Match(Motion(), (), 0)
        for scene in self._scenes:
            matched = match(_marks([(track.box, track.label) for track in scene.tracks]), marks)
            fits = _fits(scene, matched, look, current=scene is self._scenes[0])
            if fits and _agreement(matched) >= _agreement(best_match):
                best, best_match = scene, matched
            if scene.looks >= SETTLED_LOOKS and _agreement(best_match) >= CERTAIN_AGREEMENT * len(marks):
                break
        return best, best_match

    def _update(self, scene: _Scene, matched: Match, look: Detections) -> _Scene:
        """Return the scene after a look."""
        tracks, digits = scene.tracks, look.digits
        found = tuple(tracks[i].found(digits[j], look) for i, j in matched.pairs)
        found_tracks, found_digits = {i for i, _ in matched.pairs}, {j for _, j in matched.pairs}
        rest = [track.moved(matched.motion) for i, track in enumerate(tracks) if i not in found_tracks]
        count = sum(track.confirmed for track in found)
        not_found = _not_found(rest, found, look, clear=count > MIN_CLEAR_SHARE * scene.usual)
        new = tuple(
            start_track(self._next_id(), digit, look) for j, digit in enumerate(digits) if j not in found_digits
        )
        usual = max(count, USUAL_DECAY * scene.usual + (1 - USUAL_DECAY) * count)
        return _Scene((*found, *not_found, *new), usual, scene.looks + 1)

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


def _marks(digits: Sequence[tuple[Box, int]]) -> Marks:
    """Return digits, each as box and label, as marks for matching."""
    return Marks(
        np.array([complex(*box.centre) for box, _ in digits], np.complex128),
        np.array([box.h for box, _ in digits], np.float64),
        np.array([label for _, label in digits], np.int64),
    )


def _not_found(tracks: Sequence[Track], found: Sequence[Track], look: Detections, *, clear: bool) -> Iterator[Track]:
    """Yield updated tracks for digits that a look did not find. Tracks that are forgotten now are omitted.

    Args:
        tracks: tracks that the look did not find, after the motion of the page.
        found: tracks that the look found.
        look: the detections.
        clear: whether the look was clear.
    """
    confirmed = [track.box for track in found if track.confirmed]
    for track in tracks:
        covered = any(track.box.iou(box) > MIN_REPLACED_IOU for box in confirmed)
        updated = track.replaced() if covered else track.not_found(look, clear=clear)
        if not updated.forgotten:
            yield updated


def _agreement(matched: Match) -> float:
    """Return the number of digits that agree with a scene. A digit with another label counts less than 1."""
    return matched.same_labels + OTHER_LABEL_WEIGHT * (len(matched.pairs) - matched.same_labels)


def _fits(scene: _Scene, matched: Match, look: Detections, *, current: bool) -> bool:
    """Return whether a look may show a scene; `current` is True for the scene of the last look."""
    if not matched.pairs:
        return False
    comparable = min(len(look.digits), round(scene.usual) or len(scene.tracks))
    if comparable >= MIN_COMPARABLE:
        return _agreement(matched) >= MIN_AGREEMENT * comparable
    if current and abs(matched.motion.shift) < MAX_SMALL_SHIFT * look.height:
        return len(matched.pairs) >= MIN_AGREEMENT * comparable
    return matched.same_labels >= comparable >= min(MIN_COMPARABLE - 1, len(scene.tracks))
