"""A track: one digit through time, with the votes of all looks that saw it, so that one look's slip is outvoted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.motion import Motion

MEMORY = 0.85
"""What a vote is worth one look later; about seven looks decide."""
HABIT = 0.8
"""Likewise for how often a digit is seen."""
CONFIRM_LOOKS, CONFIRM_SHARE = 3.0, 0.45
"""A digit seen so often, and in such a share of looks, is known to be there, and is kept when it hides."""
BRIDGED_LOOKS = 4
"""A known digit that is missed is shown for so many looks more; one that is not yet known is forgotten after them."""
ABSENT_LOOKS = 20
"""A known digit that so many clear looks miss is gone; should it come back, it is still known."""
FORGOTTEN_LOOKS = 300
"""After so many looks without it a digit is forgotten."""
SIZE_STEP = 0.5
"""How far a track's size follows what is seen."""


@dataclass(frozen=True)
class Detections:
    """What one look at a page found."""

    digits: tuple[Digit, ...]
    width: int
    """The picture's, in pixels."""
    height: int
    weight: float = 1.0
    """What its votes count."""

    def holds(self, box: Box) -> bool:
        """Whether a box lies in the picture, off its edge."""
        return box.x > 1 and box.y > 1 and box.right < self.width - 1 and box.bottom < self.height - 1


@dataclass(frozen=True)
class Track:
    """A digit through time."""

    id: int
    """Never given twice."""
    at: complex
    """Its centre in the newest look, x + iy in pixels; beyond the picture where the camera left it behind."""
    size: complex
    """Width + i * height, in pixels."""
    votes: tuple[float, ...] = (0.0,) * 10
    """For each label 0..9."""
    cast: float = 0.0
    """All votes that could have been cast, on the same scale."""
    looks: float = 0.0
    """How often it was seen, thorough looks counting for more."""
    seen: float = 0.0
    """In which share of the last looks, 0..1."""
    missed: int = 0
    """Looks since it was seen."""
    absent: int = 0
    """Those of them that were clear and had its place in view."""
    confirmed: bool = False
    """It was seen often enough to be believed in."""

    @property
    def label(self) -> int:
        return self.votes.index(max(self.votes))

    @property
    def box(self) -> Box:
        corner = self.at - self.size / 2
        return Box(round(corner.real), round(corner.imag), max(1, round(self.size.real)), max(1, round(self.size.imag)))

    @property
    def digit(self) -> Digit:
        """What it most likely is; its probability is the mean over the last looks."""
        return Digit(self.label, self.votes[self.label] / self.cast, self.box)

    @property
    def shown(self) -> bool:
        """Whether it is there, as far as can be told now."""
        return self.missed <= (BRIDGED_LOOKS if self.confirmed else 0)

    @property
    def lost(self) -> bool:
        return self.absent > ABSENT_LOOKS

    @property
    def forgotten(self) -> bool:
        return self.missed > (FORGOTTEN_LOOKS if self.confirmed else BRIDGED_LOOKS)

    def voted(self, digit: Digit, look: Detections) -> Track:
        """After a look that saw it."""
        memory, habit = MEMORY**look.weight, HABIT**look.weight
        votes = [memory * vote for vote in self.votes]
        votes[digit.digit] += look.weight * digit.probability
        looks, seen = self.looks + look.weight, habit * self.seen + 1 - habit
        return replace(
            self,
            at=complex(*digit.box.centre),
            size=self.size + SIZE_STEP * (complex(digit.box.w, digit.box.h) - self.size),
            votes=tuple(votes),
            cast=memory * self.cast + look.weight,
            looks=looks,
            seen=seen,
            missed=0,
            absent=0,
            confirmed=self.confirmed or (looks >= CONFIRM_LOOKS and seen >= CONFIRM_SHARE),
        )

    def moved(self, motion: Motion) -> Track:
        """As the page moved."""
        return replace(self, at=motion.turn * self.at + motion.shift, size=self.size * abs(motion.turn))

    def unseen(self, look: Detections, *, clear: bool) -> Track:
        """After a look that did not see it, though it may have been there where the look was not clear."""
        missed = replace(self, missed=self.missed + 1)
        if not (clear and look.holds(self.box)):
            return missed
        return replace(missed, seen=HABIT**look.weight * self.seen, absent=self.absent + 1)

    def replaced(self) -> Track:
        """After a look that saw another digit in its place."""
        return replace(self, missed=self.missed + 1, absent=ABSENT_LOOKS + 1)


def start_track(track_id: int, digit: Digit, look: Detections) -> Track:
    """The track of a digit that is seen for the first time."""
    return Track(track_id, complex(*digit.box.centre), complex(digit.box.w, digit.box.h)).voted(digit, look)
