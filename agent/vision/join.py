"""Join the two views of a line: the classified candidates, and what the line recogniser reads in the line's strip.

The candidates show where each digit is, but a digit that no candidate shows well is lost. The line recogniser reads
the line as a whole, but it may take a wall for a 1. Both together give one probability for each possible string: the
softmax over the strings of a weighted sum of three figures (`Evidence`), and over "another string" with a fixed score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, union
from agent.vision.classify import Net, log_softmax
from agent.vision.digits import Digit
from agent.vision.layers import MaskResult
from agent.vision.line_numbers import place_characters, split_numbers
from agent.vision.line_text import (
    BEAM_WIDTH,
    DIGITS,
    MIN_STEP_PROBABILITY,
    STEP_PX,
    beam_search,
    log_probabilities,
    without_signs,
)
from agent.vision.lines import Alternative, Reading
from agent.vision.recognised_line import (
    MAX_POSITION_ERROR_PX,
    MIN_SHOWN,
    Evidence,
    JoinWeights,
    Proposal,
    RecognisedLine,
    covers,
    cut_lines,
)

STROKE_SIGNS = "/()"
"""Signs of one stroke. The nets of the segmentation read them as a 1, so a 1 at such a place is weak evidence."""
MIN_NEW_CONFIDENCE = 0.5
"""A number that the segmentation did not read is a reading if it is at least this probable. Raising it reads fewer. A
guess that was never measured."""


@dataclass(frozen=True)
class LineSearch:
    """How many texts of a line are searched."""

    beam_width: int = BEAM_WIDTH
    """Number of strings that the beam search follows."""
    min_step_probability: float = MIN_STEP_PROBABILITY
    """A character less probable than this in a step does not extend a string there."""
    max_alternatives: int = 5
    """Largest number of alternatives of a reading. Not tuned."""
    min_new_confidence: float = MIN_NEW_CONFIDENCE
    """A number that the segmentation did not read is a reading if it is at least this probable."""


USUAL_SEARCH = LineSearch()
"""Search for pages of any kind."""
DEEP_SEARCH = LineSearch(beam_width=24, min_step_probability=1e-4, max_alternatives=20, min_new_confidence=0.2)
"""Search for fields with rules, which decide between texts that are not probable by themselves. Raising the width finds
more of them, and takes more time. Measured: on 50 forms of writers that training uses, the true text is among those
found in 99 % of the fields, 98 % with the usual search, which takes 0.1 s less for a form."""
WEIGHTS = JoinWeights(recogniser=0.75, candidates=0.26, agreement=0.95, other=-2.41)
"""Weights of the join. Raising one trusts its source more. Chosen on one half of the held-out pictures, rendered fields
and scenes, by `python -m benchmarks.joining`."""


def join_lines(
    readings: Sequence[Reading],
    unread: Sequence[Reading],
    masks: Sequence[MaskResult],
    recogniser: Net,
    size: tuple[int, int],
    *,
    search: LineSearch = USUAL_SEARCH,
) -> tuple[tuple[Reading, ...], tuple[RecognisedLine, ...]]:
    """Read the lines of a page again, with the line recogniser.

    Args:
        readings: of the segmentation, in reading order.
        unread: doubtful digits, grouped as numbers, if the segmentation read nothing.
        masks: of the picture.
        recogniser: net for strips.
        size: width and height of the picture.
        search: how many texts are searched.

    Returns:
        The readings, in reading order; and the lines that they come from.
    """
    cut = [*cut_lines(readings, masks), *(replace(line, digits=()) for line in cut_lines(unread, masks))]
    lines = [weigh(line) for line in propose(cut, recogniser, search)]
    decided = [
        reading
        for line in lines
        for reading in _decide(line, size, search.max_alternatives)
        if line.digits or reading.confidence >= search.min_new_confidence
    ]
    return tuple(decided), tuple(lines)


def propose(
    lines: Sequence[RecognisedLine], recogniser: Net, search: LineSearch = USUAL_SEARCH
) -> list[RecognisedLine]:
    """Run the line recogniser, with all strips of one width in one batch, and collect the proposals for each line."""

    def width(index: int) -> int:
        return int(lines[index].strip.image.shape[2])

    proposed = list(lines)
    for _, indices in groupby(sorted(range(len(lines)), key=width), key=width):
        batch = list(indices)
        log_probs = log_softmax(recogniser.logits(np.concatenate([lines[i].strip.views() for i in batch])))
        for i, own in zip(batch, np.split(log_probs, len(batch)), strict=True):
            line = replace(lines[i], log_probs=own)
            proposed[i] = replace(line, proposals=tuple(_proposals(line, search)))
    return proposed


def _proposals(line: RecognisedLine, search: LineSearch) -> list[Proposal]:
    """Return the strings that the line recogniser or the segmentation proposes, with their evidence."""
    placed: dict[str, tuple[str, tuple[float, ...]]] = {}
    for view, log_probs in enumerate(line.log_probs):
        for hypothesis in beam_search(log_probs, search.beam_width, search.min_step_probability):
            positions = tuple(line.strip.from_view((step + 0.5) * STEP_PX, view) for step in hypothesis.steps)
            placed.setdefault(_digits_of(hypothesis.text), (hypothesis.text, positions))
    own_spans = line.digit_spans
    placed.setdefault(line.segmented, (line.segmented, tuple(own_spans.mean(axis=1).tolist())))
    spans, probabilities = _candidates(line)
    of_views = log_probabilities(without_signs(line.log_probs), list(placed))
    means = np.logaddexp.reduce(of_views, axis=0) - math.log(len(of_views))
    proposals = []
    for (digits_text, (text, positions)), log_prob in zip(placed.items(), means.tolist(), strict=True):
        at = [x for x, character in zip(positions, text, strict=True) if character.isdigit()]
        shown = [_log_shown(spans, probabilities, x, int(digit)) for x, digit in zip(at, digits_text, strict=True)]
        strokes = [x for x, character in zip(positions, text, strict=True) if character in STROKE_SIGNS]
        own = "".join(
            str(digit.digit)
            for digit, span in zip(line.digits, own_spans, strict=True)
            if digit.digit != 1 or not covers(span, strokes)
        )
        evidence = Evidence(log_prob, sum(shown), digits_text == own)
        proposals.append(Proposal(digits_text, text, positions, evidence))
    return proposals


def _digits_of(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _candidates(line: RecognisedLine) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the candidates of the line: their spans, float64 (n, 2), and probabilities, float32 (n, 11)."""
    spans = line.spans([candidate.box for candidate, _ in line.candidates])
    rows = [probabilities for _, probabilities in line.candidates]
    return spans, np.array(rows, np.float32).reshape(-1, DIGITS + 1)


def _log_shown(spans: NDArray[np.float64], probabilities: NDArray[np.float32], x: float, digit: int) -> float:
    """Return the logarithm of the highest probability of a digit among the candidates at a place."""
    at_place = (spans[:, 0] - MAX_POSITION_ERROR_PX <= x) & (x <= spans[:, 1] + MAX_POSITION_ERROR_PX)
    return math.log(max(MIN_SHOWN, float(probabilities[at_place, digit].max(initial=0.0))))


def weigh(line: RecognisedLine, weights: JoinWeights = WEIGHTS) -> RecognisedLine:
    """Return the line with the joint probability of each proposal."""
    scores = np.array([proposal.evidence.score(weights) for proposal in line.proposals] + [weights.other])
    shares = np.exp(scores - scores.max())
    return replace(line, probabilities=tuple((shares / shares.sum())[:-1].tolist()))


def _decide(line: RecognisedLine, size: tuple[int, int], max_alternatives: int) -> list[Reading]:
    """Return the numbers of the most probable string, each with the probability of all strings that contain it."""
    split = [split_numbers(place_characters(line, proposal, size)) for proposal in line.proposals]
    best = max(range(len(split)), key=lambda i: line.probabilities[i])
    readings = []
    for text, digits in split[best]:
        box = union(digit.box for digit in digits)
        texts: dict[str, list[tuple[str, float]]] = {}
        for numbers, probability in zip(split, line.probabilities, strict=True):
            same_place = [number for number in numbers if _is_at(number, box)]
            key = " ".join(_digits_of(other) for other, _ in same_place)
            texts.setdefault(key, []).append((" ".join(other for other, _ in same_place), probability))
        confidence = sum(p for _, p in texts.pop(_digits_of(text)))
        others = [Alternative(variants[0][0], sum(p for _, p in variants)) for key, variants in texts.items() if key]
        alternatives = tuple(sorted(others, key=lambda other: -other.probability)[:max_alternatives])
        readings.append(Reading(text, box, confidence, digits, alternatives))
    return readings


def _is_at(number: tuple[str, tuple[Digit, ...]], box: Box) -> bool:
    """Whether the middle of a number lies in the columns of a box, or the other way round."""
    other = union(digit.box for digit in number[1])
    return box.x <= other.centre[0] < box.right or other.x <= box.centre[0] < other.right
