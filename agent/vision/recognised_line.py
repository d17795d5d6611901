"""A line as two views show it: the digits and candidates of the segmentation, and the strip for the line recogniser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.candidates import Candidate
from agent.vision.coordinates import in_working
from agent.vision.digits import Digit
from agent.vision.layers import MaskResult
from agent.vision.line_text import DIGITS
from agent.vision.lines import Reading
from agent.vision.neighbours import group_neighbours, strip_limits
from agent.vision.strip import Strip, cut_strip

MIN_SHOWN = 0.015
"""Smallest probability that counts for a digit at its place, also where no candidate shows the digit. A candidate whose
best digit is not above it counts as rejected. Raising it trusts the line recogniser more where the segmentation failed.
Chosen by trial."""
MAX_POSITION_ERROR_PX = 2
"""The line recogniser may place a digit this far beside the candidate that shows it, in pixels of the strip. Raising it
accepts candidates further away. A guess that was never measured."""
MAX_CANDIDATE_HEIGHTS = 1.8
"""A candidate that is wider than this many heights of a digit does not show a single digit of the line. Raising it
accepts wider candidates. A guess that was never measured."""
MIN_SAME_IOU = 0.5
"""A candidate is at the place of a digit if their boxes have a higher IoU than this. Raising it finds fewer candidates
at the place. A guess that was never measured."""


@dataclass(frozen=True)
class JoinWeights:
    """Weights of the joint score; `python -m benchmarks.joining` fits them."""

    recogniser: float
    candidates: float
    agreement: float
    other: float
    """Score of all strings together that neither the segmentation nor the line recogniser proposed."""
    length: float = 0.0
    """Added to `other` times the logarithm of 1 + the number of digits: a single mark is more often no number."""

    def score_of_others(self, digits: int) -> float:
        """Return the score of all other strings of a line in which the segmentation has this many digits."""
        return self.other + self.length * math.log1p(digits)


@dataclass(frozen=True)
class Evidence:
    """The evidence for a string; logarithms of probabilities."""

    recogniser: float
    """The line recogniser's probability of these digits, with any signs between them; the mean over all views."""
    candidates: float
    """Product of the probabilities of the digits in the candidates at their places."""
    agrees: bool
    """Whether the string is that of the segmentation; without each 1 at the place of a sign of `STROKE_SIGNS`."""

    def score(self, weights: JoinWeights) -> float:
        """Return the weighted sum."""
        return (
            weights.recogniser * self.recogniser
            + weights.candidates * self.candidates
            + weights.agreement * self.agrees
        )


class PlacedText(NamedTuple):
    """A text that a line may say: digits, and the signs between them."""

    text: str
    positions: tuple[float, ...]
    """x of each character in pixels of the strip."""
    probability: float = 1.0
    """Probability of the text if its digits are right."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A string of digits that a line may say."""

    digits_text: str
    texts: tuple[PlacedText, ...]
    """The digits with signs, the most probable text first."""
    evidence: Evidence

    @property
    def text(self) -> str:
        """The digits with the most probable signs."""
        return self.texts[0].text


@dataclass(frozen=True, eq=False)
class RecognisedLine:
    """Neighbouring numbers of one line, their strip, and what both views say of it."""

    digits: tuple[Digit, ...]
    """The digits that the segmentation read, from left to right; empty if the line is only doubtful."""
    boxes: tuple[Box, ...]
    """Boxes of these digits, or of the doubtful ones, in working pixels."""
    masks: tuple[MaskResult, ...]
    """The masks of the ink that shows most of the digits."""
    strip: Strip
    log_probs: NDArray[np.float32]
    """float32 (views, steps, 23): log probabilities of the line recogniser, see `Strip.views`; empty before it ran."""
    proposals: tuple[Proposal, ...] = ()
    probabilities: tuple[float, ...] = ()
    """Joint probability of each proposal."""

    @cached_property
    def height(self) -> float:
        """Height of a digit in working pixels."""
        return float(median(box.h for box in self.boxes))

    @property
    def segmented(self) -> str:
        """The string of the segmentation."""
        return "".join(str(digit.digit) for digit in self.digits)

    @cached_property
    def digit_spans(self) -> NDArray[np.float64]:
        """Left and right edge of each of the digits in pixels of the strip, float64 (digits, 2)."""
        return self.spans(self.boxes[: len(self.digits)])

    def spans(self, boxes: Sequence[Box]) -> NDArray[np.float64]:
        """Return the left and the right edge of working boxes in pixels of the strip, float64 (n, 2)."""
        edges = [(self.strip.to_strip(box.x), self.strip.to_strip(box.right)) for box in boxes]
        return np.array(edges, np.float64).reshape(-1, 2)

    @cached_property
    def candidates(self) -> tuple[tuple[Candidate, NDArray[np.float32]], ...]:
        """The candidates of the line that the nets did not reject, each with its class probabilities, float32 (11,)."""
        found = []
        for mask in self.masks:
            probability = mask.classified.probability
            possible = np.flatnonzero(probability[:, :DIGITS].max(axis=1, initial=0) > MIN_SHOWN)
            found += [(mask.candidates[i], probability[i]) for i in possible.tolist()]
        return tuple(pair for pair in found if self._contains(pair[0].box))

    def _contains(self, box: Box) -> bool:
        """Whether a working box is at the height of the line, and no wider than a digit."""
        top = min(own.y for own in self.boxes) - self.height / 3
        bottom = max(own.bottom for own in self.boxes) + self.height / 3
        return box.bottom > top and box.y < bottom and box.w <= MAX_CANDIDATE_HEIGHTS * self.height


def cut_lines(readings: Sequence[Reading], masks: Sequence[MaskResult]) -> list[RecognisedLine]:
    """Group neighbouring readings, and cut a strip for each group from the mask that shows most of its digits."""
    lines = []
    groups = group_neighbours(readings, masks)
    for index, group in enumerate(groups):
        digits = tuple(digit for reading in group for digit in reading.digits)
        best = _clearest_mask(digits, masks)
        boxes = tuple(in_working(digit.box, best.ink) for digit in digits)
        strip = cut_strip(best.ink, best.binarized, boxes, limits=strip_limits(groups, index, best.ink))
        same_ink = tuple(mask for mask in masks if mask.ink is best.ink)
        lines.append(RecognisedLine(digits, boxes, same_ink, strip, np.zeros((0, 0, 0), np.float32)))
    return lines


def _clearest_mask(digits: Sequence[Digit], masks: Sequence[MaskResult]) -> MaskResult:
    """Return the mask in which most of the digits were read; the one that shows most of them if none was read."""
    ids = {id(digit) for digit in digits}
    read = [sum(id(digit) in ids for digit in mask.digits.values()) for mask in masks]
    if any(read):
        return masks[read.index(max(read))]
    return max(masks, key=lambda mask: sum(_has_candidate(mask, in_working(d.box, mask.ink)) for d in digits))


def _has_candidate(mask: MaskResult, box: Box) -> bool:
    return any(candidate.box.iou(box) > MIN_SAME_IOU for candidate in mask.candidates)


def covers(span: NDArray[np.float64], places: Sequence[float]) -> bool:
    """Whether one of the places lies in a span."""
    return any(span[0] - MAX_POSITION_ERROR_PX <= x <= span[1] + MAX_POSITION_ERROR_PX for x in places)
