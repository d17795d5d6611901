"""The outcome of each candidate, with exactly one reason in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from agent.vision.blots import is_blot
from agent.vision.box import Box
from agent.vision.candidates import Candidate
from agent.vision.coordinates import in_picture
from agent.vision.digits import NOT_A_DIGIT, Digit, suppress_overlaps
from agent.vision.ink import Ink
from agent.vision.layers import MaskResult
from agent.vision.overlay import READ_RGB, Rgb
from agent.vision.pens import Pen
from agent.vision.pipeline import Trace
from agent.vision.printed import without_printed


class OutcomeKind(Enum):
    """Kinds of outcomes, from read to farthest from being read, each with a title and a colour for drawings.

    The colours can be distinguished by colour-blind people (Okabe and Ito, https://jfly.uni-koeln.de/color); the second
    one is brown and the last one grey.
    """

    READ = "read", READ_RGB
    LINE = "read otherwise by the line recogniser", (120, 72, 32)
    SMALL = "too small for its line", (0, 0, 0)
    PRINTED = "printed, not handwritten", (240, 228, 66)
    SUPPRESSED = "more certain in another mask", (86, 180, 233)
    WORD = "part of a word, drawing or blot", (230, 159, 0)
    OVERLAPPED = "part of a better reading", (0, 114, 178)
    UNSURE = "uncertain which digit", (204, 121, 167)
    VERIFIER = "rejected by the verifier", (213, 94, 0)
    CLASSIFIER = "rejected by the classifier", (140, 140, 140)

    def __init__(self, title: str, rgb: Rgb) -> None:
        self.title, self.rgb = title, rgb


OUTCOMES = tuple(OutcomeKind)


@dataclass(frozen=True, eq=False)
class CandidateOutcome:
    """A candidate, whether it was read, and why."""

    candidate: Candidate
    ink: Ink
    """The ink in which the candidate was found."""
    box: Box
    """Box of the candidate, in pixels of the picture, or of the upright page if the page is turned."""
    kind: OutcomeKind
    reason: str
    digit: int
    """The most probable digit, 0..9, even if the candidate was not read."""
    probability: float
    """Probability of this digit, by the last net that saw the candidate."""

    @property
    def looks_like(self) -> str:
        return f"{self.digit} ({self.probability:.2f})"

    def __str__(self) -> str:
        return f"{self.looks_like}: {self.reason}"


def find_outcomes(trace: Trace) -> tuple[tuple[CandidateOutcome, ...], ...]:
    """Return the outcome of each candidate, mask by mask."""
    return tuple(tuple(_outcome(trace, mask, i) for i in range(len(mask.candidates))) for mask in trace.masks)


def best_of_each_place(outcomes: Iterable[Sequence[CandidateOutcome]]) -> tuple[CandidateOutcome, ...]:
    """Return, for each place in the picture, the candidate of all masks that came nearest to being read.

    The candidates are sorted from read to farthest from being read.
    """
    pool = sorted((one for mask in outcomes for one in mask), key=lambda o: (OUTCOMES.index(o.kind), -o.probability))
    return tuple(pool[i] for i in suppress_overlaps([one.box for one in pool]))


def _outcome(trace: Trace, mask: MaskResult, index: int) -> CandidateOutcome:
    candidate = mask.candidates[index]
    by_classifier = not mask.classified.verified[index]
    shares = (mask.classified.classifier if by_classifier else mask.classified.probability)[index]
    label = int(shares[:NOT_A_DIGIT].argmax())
    page = trace.upright or trace.page
    box = in_picture(candidate, mask.ink, page.width, page.height)
    if mask.classified.probability[index, :NOT_A_DIGIT].max() < mask.min_probability:
        kind, reason = _rejected_by_net(shares, label, by_classifier=by_classifier)
    elif candidate in mask.digits:
        kind, reason = _selected(trace, mask, mask.digits[candidate])
    else:
        kind, reason = _not_selected(candidate, mask, blot=is_blot(box, mask.ink.paper, page.width))
    return CandidateOutcome(candidate, mask.ink, box, kind, reason, label, float(shares[label]))


def _rejected_by_net(shares: NDArray[np.float32], label: int, *, by_classifier: bool) -> tuple[OutcomeKind, str]:
    """Explain why a net's class probabilities, float32 (11,), do not make a digit."""
    net = "classifier" if by_classifier else "verifier"
    if shares.argmax() == NOT_A_DIGIT:
        kind = OutcomeKind.CLASSIFIER if by_classifier else OutcomeKind.VERIFIER
        return kind, f"the {net} says that it is not a digit ({shares[NOT_A_DIGIT]:.2f})"
    return OutcomeKind.UNSURE, f"the {net} is uncertain: {label} is the most probable, but only {shares[label]:.2f}"


def _not_selected(candidate: Candidate, mask: MaskResult, *, blot: bool) -> tuple[OutcomeKind, str]:
    """Explain why a candidate that looks like a digit was not selected among the candidates of its mask."""
    if mask.on_back:
        return OutcomeKind.WORD, "on the back of the paper: more of this ink is read in its mirror image"
    selected = sorted((c for c in mask.digits if c.cluster == candidate.cluster), key=lambda c: c.first)
    better = [mask.digits[c] for c in selected if c.first <= candidate.last and candidate.first <= c.last]
    if better:
        return OutcomeKind.OVERLAPPED, f"its ink is explained better by {_names(better)}"
    if blot:
        return OutcomeKind.WORD, "a blot: its middle is as dark as its edge"
    return (
        OutcomeKind.WORD,
        "part of a word or drawing: too little of the ink that is connected to it, or near it, is digits",
    )


def _selected(trace: Trace, mask: MaskResult, digit: Digit) -> tuple[OutcomeKind, str]:
    """Explain what happened to a digit that was selected in its mask.

    Digits are compared by identity, because two masks may give equal digits.
    """
    if any(digit is one for one in (trace.upright or trace.page).digits):
        return OutcomeKind.READ, "read"
    if any(digit is one for line in trace.lines for one in line.digits):
        return OutcomeKind.LINE, "the line recogniser reads its line otherwise"
    if any(digit is one for one in trace.kept):
        return OutcomeKind.SMALL, f"too small for its line: {digit.box.h} px high"
    if mask.pen is not Pen.COLOURED and not without_printed([digit], trace.printed):
        return OutcomeKind.PRINTED, "printed: its ink is that of the lines around it, and the handwriting is coloured"
    winner = max(trace.kept, key=lambda one: one.box.iou(digit.box))
    return (
        OutcomeKind.SUPPRESSED,
        f"another mask reads this place with at least the same confidence: {_names([winner])}",
    )


def _names(digits: Sequence[Digit]) -> str:
    return " and ".join(f"{d.digit} ({d.probability:.2f})" for d in digits)
