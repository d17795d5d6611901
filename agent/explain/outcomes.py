"""What became of each candidate, and why: exactly one reason each, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from agent.vision.blots import is_blot
from agent.vision.box import Box
from agent.vision.candidates import Candidate
from agent.vision.digits import NOT_A_DIGIT, Digit, uncovered
from agent.vision.ink import Ink
from agent.vision.pens import Pen
from agent.vision.pipeline import MaskResult, Trace, in_picture
from agent.vision.printed import without_printed

Rgb = tuple[int, int, int]


class OutcomeKind(Enum):
    """What may become of a candidate, the best first: in a few words, and the colour that shows it.

    The colours can be told apart by the colour-blind (Okabe and Ito, https://jfly.uni-koeln.de/color), and grey.
    """

    READ = "read", (0, 158, 115)
    SMALL = "too small for its line", (0, 0, 0)
    PRINTED = "printed, not written", (240, 228, 66)
    COVERED = "read more surely in another mask", (86, 180, 233)
    WORD = "part of a word, drawing or blot", (230, 159, 0)
    BESTED = "part of a better reading", (0, 114, 178)
    UNSURE = "unsure which digit", (204, 121, 167)
    VERIFIER = "no digit to the verifier", (213, 94, 0)
    CLASSIFIER = "no digit to the classifier", (140, 140, 140)

    def __init__(self, title: str, rgb: Rgb) -> None:
        self.title, self.rgb = title, rgb


OUTCOMES = tuple(OutcomeKind)


@dataclass(frozen=True, eq=False)
class CandidateOutcome:
    """A candidate, and what became of it."""

    candidate: Candidate
    ink: Ink
    """What it was found in."""
    box: Box
    """In pixels of the picture."""
    fate: OutcomeKind
    reason: str
    digit: int
    """0..9: what it looks like most, digit or not."""
    probability: float
    """That it is this digit, as the net says that judged it last."""

    @property
    def looks_like(self) -> str:
        return f"{self.digit} ({self.probability:.2f})"

    def __str__(self) -> str:
        return f"{self.looks_like}: {self.reason}"


def find_outcomes(looked: Trace) -> tuple[tuple[CandidateOutcome, ...], ...]:
    """What became of each candidate, mask by mask."""
    return tuple(tuple(_tell(looked, seen, number) for number in range(len(seen.candidates))) for seen in looked.seen)


def best_of_each_place(told: Iterable[Sequence[CandidateOutcome]]) -> tuple[CandidateOutcome, ...]:
    """Of all candidates of one place, whatever the mask, the one that came nearest to being read; the nearest first."""
    pool = sorted((one for mask in told for one in mask), key=lambda t: (OUTCOMES.index(t.fate), -t.probability))
    return tuple(pool[i] for i in uncovered([one.box for one in pool]))


def _tell(looked: Trace, seen: MaskResult, number: int) -> CandidateOutcome:
    candidate = seen.candidates[number]
    by_classifier = not seen.judged.verified[number]
    said = (seen.judged.classifier if by_classifier else seen.judged.probability)[number]
    label = int(said[:NOT_A_DIGIT].argmax())
    judged = seen.judged.probability[number]
    box = in_picture(candidate, seen.ink, looked.page.width, looked.page.height)
    if judged[:NOT_A_DIGIT].max() < seen.least:
        fate, reason = _rejected(said, label, by_classifier=by_classifier)
    elif candidate in seen.digits:
        fate, reason = _taken(looked, seen, seen.digits[candidate])
    else:
        fate, reason = _passed_over(candidate, seen, blot=is_blot(box, seen.ink.paper, looked.page.width))
    return CandidateOutcome(candidate, seen.ink, box, fate, reason, label, float(said[label]))


def _rejected(said: NDArray[np.float32], label: int, *, by_classifier: bool) -> tuple[OutcomeKind, str]:
    """Why a net's opinion, float32 (11,), is no digit's."""
    net = "classifier" if by_classifier else "verifier"
    if said.argmax() == NOT_A_DIGIT:
        fate = OutcomeKind.CLASSIFIER if by_classifier else OutcomeKind.VERIFIER
        return fate, f"the {net} takes it for no digit ({said[NOT_A_DIGIT]:.2f})"
    return OutcomeKind.UNSURE, f"the {net} is unsure: {label} is likeliest, but only {said[label]:.2f}"


def _passed_over(candidate: Candidate, seen: MaskResult, *, blot: bool) -> tuple[OutcomeKind, str]:
    """Why what looks like a digit is none: others of its cluster have its ink, it is a spot, or all around is none."""
    chosen = sorted((c for c in seen.digits if c.cluster == candidate.cluster), key=lambda c: c.first)
    better = [seen.digits[c] for c in chosen if c.first <= candidate.last and candidate.first <= c.last]
    if better:
        return OutcomeKind.BESTED, f"its ink is better explained by {_named(better)}"
    if blot:
        return OutcomeKind.WORD, "a blot: it is as dark within as at its rim"
    return (
        OutcomeKind.WORD,
        "part of a word or drawing: too little of what it hangs together with, or of what is around it, is digits",
    )


def _taken(looked: Trace, seen: MaskResult, digit: Digit) -> tuple[OutcomeKind, str]:
    """What became of what one mask took for a digit; digits are told by identity, as masks may agree to the bit."""
    if any(digit is one for one in looked.page.digits):
        return OutcomeKind.READ, "read"
    if any(digit is one for one in looked.kept):
        return OutcomeKind.SMALL, f"too small for its line: {digit.box.h} px high"
    if seen.pen is not Pen.COLOURED and not without_printed([digit], looked.printed):
        return OutcomeKind.PRINTED, "printed: in the ink of the lines around, and what is written here is coloured"
    surer = max(looked.kept, key=lambda one: one.box.iou(digit.box))
    return OutcomeKind.COVERED, f"another mask read this place as surely or more: {_named([surer])}"


def _named(digits: Sequence[Digit]) -> str:
    return " and ".join(f"{d.digit} ({d.probability:.2f})" for d in digits)
