"""A track: one digit through time, with the votes of all looks, so that a single wrong look is outvoted.

This module decides when a track is confirmed, shown, lost and forgotten. `agent.vision.tracker` decides which digit of
a look belongs to which track.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.motion import Motion

VOTE_DECAY = 0.85
"""Factor by which votes shrink with each look, so that about seven looks decide. Raising it makes labels steadier and
slower to change. Chosen by trial."""
PRESENCE_DECAY = 0.8
"""Factor by which the share of looks that found a digit shrinks with each look without it. Raising it makes the share
steadier and slower to change. Chosen by trial."""
CONFIRM_LOOKS = 3.0
"""A track is confirmed after this many looks found it; thorough looks count more. Raising it delays readings. Chosen by
trial. The sensitivity run found no effect at ±20 %."""
CONFIRM_SHARE = 0.45
"""A track is confirmed only if at least this share of the last looks found it. Raising it suppresses unsteady digits.
Chosen by trial."""
BRIDGED_LOOKS = 4
"""A confirmed digit is shown for this many looks that miss it; an unconfirmed digit is forgotten after this many looks.
Raising it shows digits for longer after they are gone. Chosen by trial."""
ABSENT_LOOKS = 20
"""A confirmed digit is lost after more clear looks than this without it; it keeps its id if it comes back. Raising it
loses digits later. Chosen by trial."""
FORGOTTEN_LOOKS = 300
"""A confirmed digit is forgotten after more looks than this without it. Raising it costs memory and time. Chosen by
trial. The sensitivity run found no effect at ±20 %."""
SIZE_STEP = 0.5
"""Share of the difference by which the size of a track follows each look: exponential smoothing. Raising it makes sizes
less steady. Chosen by trial."""
EDGE_PX = 1
"""A box that comes this close to the edge of the picture, in pixels, may be cut off there. Raising it follows fewer
digits. Chosen by trial. The sensitivity run found no effect at ±20 %."""


@dataclass(frozen=True)
class Detections:
    """The digits that one look found."""

    digits: tuple[Digit, ...]
    width: int
    """Width of the picture in pixels."""
    height: int
    """Height of the picture in pixels."""
    weight: float = 1.0
    """Weight of its votes."""

    def holds(self, box: Box) -> bool:
        """Return whether a box lies inside the picture, off its edges."""
        across = box.x > EDGE_PX and box.right < self.width - EDGE_PX
        return across and box.y > EDGE_PX and box.bottom < self.height - EDGE_PX


@dataclass(frozen=True)
class Track:
    """One digit that is followed from look to look."""

    id: int
    """Number of the track; it is never used again."""
    centre: complex
    """Centre in the newest look, x + iy in pixels; outside the picture if the camera moved away."""
    size: complex
    """Size of the box, width + i * height in pixels."""
    votes: tuple[float, ...] = (0.0,) * 10
    """Sum of the votes for each label 0..9, decayed."""
    max_votes: float = 0.0
    """Largest possible sum of votes for one label, decayed in the same way."""
    looks: float = 0.0
    """Number of looks that found it; thorough looks count more."""
    presence: float = 0.0
    """Share of the last looks that found it, 0..1."""
    missed: int = 0
    """Number of looks since the last one that found it."""
    absent: int = 0
    """Number of clear looks since the last one that found it. Only looks with its place in view count."""
    confirmed: bool = False
    """Whether it was found often enough to be trusted."""

    @property
    def label(self) -> int:
        """Label with most votes, 0..9."""
        return self.votes.index(max(self.votes))

    @property
    def box(self) -> Box:
        """Box in the newest look."""
        corner = self.centre - self.size / 2
        return Box(round(corner.real), round(corner.imag), max(1, round(self.size.real)), max(1, round(self.size.imag)))

    @property
    def digit(self) -> Digit:
        """The most likely digit; its probability is the mean of the last looks."""
        return Digit(self.label, self.votes[self.label] / self.max_votes, self.box)

    @property
    def shown(self) -> bool:
        """Whether to show the digit now: it was found recently enough."""
        return self.missed <= (BRIDGED_LOOKS if self.confirmed else 0)

    @property
    def lost(self) -> bool:
        """Whether clear looks have missed it for a long time."""
        return self.absent > ABSENT_LOOKS

    @property
    def forgotten(self) -> bool:
        """Whether it was missed for so long that the track is dropped."""
        return self.missed > (FORGOTTEN_LOOKS if self.confirmed else BRIDGED_LOOKS)

    def found(self, digit: Digit, look: Detections) -> Track:
        """Return the track after a look that found it."""
        vote_decay, presence_decay = VOTE_DECAY**look.weight, PRESENCE_DECAY**look.weight
        votes = [vote_decay * vote for vote in self.votes]
        votes[digit.digit] += look.weight * digit.probability
        looks, presence = self.looks + look.weight, presence_decay * self.presence + 1 - presence_decay
        return replace(
            self,
            centre=complex(*digit.box.centre),
            size=self.size + SIZE_STEP * (complex(digit.box.w, digit.box.h) - self.size),
            votes=tuple(votes),
            max_votes=vote_decay * self.max_votes + look.weight,
            looks=looks,
            presence=presence,
            missed=0,
            absent=0,
            confirmed=self.confirmed or (looks >= CONFIRM_LOOKS and presence >= CONFIRM_SHARE),
        )

    def moved(self, motion: Motion) -> Track:
        """Return the track after a motion of the page."""
        return replace(self, centre=motion.turn * self.centre + motion.shift, size=self.size * abs(motion.turn))

    def not_found(self, look: Detections, *, clear: bool) -> Track:
        """Return the track after a look that did not find it.

        Args:
            look: the detections.
            clear: whether the look was clear, so that the digit would have been found if it was there.
        """
        missed = replace(self, missed=self.missed + 1)
        if not (clear and look.holds(self.box)):
            return missed
        return replace(missed, presence=PRESENCE_DECAY**look.weight * self.presence, absent=self.absent + 1)

    def replaced(self) -> Track:
        """Return the track after a look that found another digit in its place."""
        return replace(self, missed=self.missed + 1, absent=ABSENT_LOOKS + 1)


def start_track(track_id: int, digit: Digit, look: Detections) -> Track:
    """Return the track of a digit that is found for the first time."""
    return Track(track_id, complex(*digit.box.centre), complex(digit.box.w, digit.box.h)).found(digit, look)
