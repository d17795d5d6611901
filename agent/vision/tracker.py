"""Digits followed from look to look, page by page.

A look's digits are matched to the tracks of a scene, a page as it was known so far, by the one motion that brings
most of them onto each other. Where no scene fits, a page was turned: a new scene begins, and the old ones are kept a
while, for one may come back from under a hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.vision.box import Box
from agent.vision.motion import Marks, Match, Motion, match
from agent.vision.track import Detections, Track, start_track

FITS = 0.5
"""A look whose digits agree less than this with a scene shows another page."""
PLACE_ONLY = 0.4
"""What a digit at the right place with another label counts in that."""
FEW = 4
"""Fewer digits than this may agree by chance, ..."""
NEAR = 1 / 6
"""... unless the page moved by less than this share of the picture's height."""
SURELY, SETTLED_LOOKS = 0.8, 20
"""A look that agrees so much with a scene of so many looks shows no other."""
CLEAR = 0.6
"""A look that sees less than this of what the last ones saw was blurred or blocked, and makes no digit absent."""
USUAL = 0.95
"""How much of what was usual is so one look later."""
COVERED = 0.3
"""A digit that is not seen while another is, which overlaps it by so much, gave way to that."""
SCENES = 4


@dataclass(frozen=True)
class _Scene:
    """A page, as far as it is known."""

    tracks: tuple[Track, ...] = ()
    usual: float = 0.0
    """How many known digits a look sees."""
    looks: int = 0


class Tracker:
    """Follows digits through a video."""

    def __init__(self) -> None:
        self._scenes = [_Scene()]
        self._ids = 0

    def follow(self, look: Detections) -> tuple[Track, ...]:
        """Take a look's digits in.

        Returns:
            The tracks of the page that is in view, hidden ones too. A digit that the picture's edge may cut is not
            followed: its track is new in each look, and so it is never known.
        """
        cut = tuple(start_track(self._next_id(), digit, look) for digit in look.digits if not look.holds(digit.box))
        whole = replace(look, digits=tuple(digit for digit in look.digits if look.holds(digit.box)))
        scene, found = self._recognise(whole) if whole.digits else (self._scenes[0], Match(Motion(), (), 0))
        now = self._update(scene, found, whole)
        others = [
            other for other in self._scenes if other is not scene and any(track.confirmed for track in other.tracks)
        ]
        self._scenes = [now, *others[: SCENES - 1]]
        return now.tracks + cut

    def _recognise(self, look: Detections) -> tuple[_Scene, Match]:
        """The scene that a look shows: of those that fit the one that most digits agree with, else a new one.

        Of two that fit as well the older one is it, for a page may come out from under a hand bit by bit.
        """
        marks = _marks([(digit.box, digit.digit) for digit in look.digits])
        best = _Scene(), Match(Motion(), (), 0)
        for scene in self._scenes:
            found = match(_marks([(track.box, track.label) for track in scene.tracks]), marks)
            fits = _fits(scene, found, look, current=scene is self._scenes[0])
            if fits and _agreed(found) >= _agreed(best[1]):
                best = scene, found
            if scene.looks >= SETTLED_LOOKS and _agreed(best[1]) >= SURELY * len(marks):
                break
        return best

    def _update(self, scene: _Scene, found: Match, look: Detections) -> _Scene:
        tracks, digits = scene.tracks, look.digits
        seen = tuple(tracks[i].voted(digits[j], look) for i, j in found.pairs)
        paired, taken = {i for i, _ in found.pairs}, {j for _, j in found.pairs}
        left = [track.moved(found.motion) for i, track in enumerate(tracks) if i not in paired]
        count = sum(track.confirmed for track in seen)
        unseen = _unseen(left, seen, look, clear=count > CLEAR * scene.usual)
        new = tuple(start_track(self._next_id(), digit, look) for j, digit in enumerate(digits) if j not in taken)
        usual = max(count, USUAL * scene.usual + (1 - USUAL) * count)
        return _Scene((*seen, *unseen, *new), usual, scene.looks + 1)

    def _next_id(self) -> int:
        self._ids += 1
        return self._ids


def _marks(digits: Sequence[tuple[Box, int]]) -> Marks:
    return Marks(
        np.array([complex(*box.centre) for box, _ in digits], np.complex128),
        np.array([box.h for box, _ in digits], np.float64),
        np.array([label for _, label in digits], np.int64),
    )


def _unseen(left: Sequence[Track], seen: Sequence[Track], look: Detections, *, clear: bool) -> Iterator[Track]:
    """The tracks that a look did not see, but for those that are forgotten by now."""
    known = [track.box for track in seen if track.confirmed]
    for track in left:
        covered = any(track.box.iou(box) > COVERED for box in known)
        now = track.replaced() if covered else track.unseen(look, clear=clear)
        if not now.forgotten:
            yield now


def _agreed(found: Match) -> float:
    """How many digits agree with a scene."""
    return found.same_labels + PLACE_ONLY * (len(found.pairs) - found.same_labels)


def _fits(scene: _Scene, found: Match, look: Detections, *, current: bool) -> bool:
    """Whether a look may be of this scene."""
    if not found.pairs:
        return False
    comparable = min(len(look.digits), round(scene.usual) or len(scene.tracks))
    if comparable >= FEW:
        return _agreed(found) >= FITS * comparable
    if current and abs(found.motion.shift) < NEAR * look.height:
        return len(found.pairs) >= FITS * comparable
    return found.same_labels >= comparable >= min(FEW - 1, len(scene.tracks))
