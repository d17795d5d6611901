"""Join the two views of a line: the classified candidates, and what the line recogniser reads in the line's strip.

The candidates show where each digit is, but a digit that no candidate shows well is lost. The line recogniser reads
the line as a whole, but it may take a wall for a 1. Both together give one probability for each possible string: the
softmax over the strings of a weighted sum of three figures (`Evidence`), and over "another string", whose score depends
on the number of digits only.
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
from agent.vision.line_numbers import place_texts, split_numbers
from agent.vision.line_text import (
    BEAM_WIDTH,
    DIGITS,
    LETTERS,
    MIN_STEP_PROBABILITY,
    STEP_PX,
    beam_search,
    digits_of,
    log_probabilities,
    without_signs,
)
from agent.vision.lines import Alternative, Reading
from agent.vision.notation import notation_bonus
from agent.vision.recognised_line import (
    MAX_POSITION_ERROR_PX,
    MIN_SHOWN,
    Evidence,
    JoinWeights,
    PlacedText,
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
DEEP_SEARCH = LineSearch(beam_width=24, min_step_probability=1e-4, max_alternatives=12, min_new_confidence=0.2)
"""Search for fields with rules, which decide between texts that are not probable by themselves. Raising the width finds
more of them, and takes more time. Measured: on 50 forms of writers that training uses, the true text is among those
found in 99 % of the fields, 98 % with the usual search, which takes 0.1 s less for a form. With more alternatives a
rule finds improbable texts that obey it: on 100 forms of these writers 96.1 % of the fields are right with 12 and
95.8 % with 20, and of the sure ones 0.2 % and 0.6 % are wrong."""
WEIGHTS = JoinWeights(recogniser=0.69, candidates=0.31, agreement=0.7, other=-1.56, length=-0.81)
"""Weights of the join. Raising one trusts its source more. Chosen on one half of the held-out pictures, rendered fields
and scenes, by `python -m benchmarks.joining`, with the nets before these. What it chose with the classifiers and
line recogniser of now, and another verifier (0.73, 0.3, 1.16, -1.73, -0.17), read 1,003 instead of 1,014 of 1,210
numbers of writers that training uses."""


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
        if line.digits or reading.digits_confidence >= search.min_new_confidence
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
    texts = _texts(line, search)
    own_spans = line.digit_spans
    texts.setdefault(line.segmented, (PlacedText(line.segmented, tuple(own_spans.mean(axis=1).tolist())),))
    spans, probabilities = _candidates(line)
    of_views = log_probabilities(without_signs(line.log_probs), list(texts))
    means = np.logaddexp.reduce(of_views, axis=0) - math.log(len(of_views))
    proposals = []
    for (digits_text, own_texts), log_prob in zip(texts.items(), means.tolist(), strict=True):
        characters = list(zip(own_texts[0].text, own_texts[0].positions, strict=True))
        at = [x for character, x in characters if character.isdigit()]
        shown = [_log_shown(spans, probabilities, x, int(digit)) for x, digit in zip(at, digits_text, strict=True)]
        strokes = [x for character, x in characters if character in STROKE_SIGNS]
        own = "".join(
            str(digit.digit)
            for digit, span in zip(line.digits, own_spans, strict=True)
            if digit.digit != 1 or not covers(span, strokes)
        )
        proposals.append(Proposal(digits_text, own_texts, Evidence(log_prob, sum(shown), digits_text == own)))
    return proposals


def _texts(line: RecognisedLine, search: LineSearch) -> dict[str, tuple[PlacedText, ...]]:
    """Return the texts of each string of digits that the line recogniser proposes, the most probable one first."""
    scores: dict[str, list[float]] = {}
    placed: dict[str, PlacedText] = {}
    for view, log_probs in enumerate(line.log_probs):
        for found in beam_search(log_probs, search.beam_width, search.min_step_probability):
            positions = tuple(line.strip.from_view((step + 0.5) * STEP_PX, view) for step in found.steps)
            # Letters beside a number do not change it.
            signs = found.text.replace(LETTERS, "")
            scores.setdefault(signs, []).append(found.log_probability + notation_bonus(found.text, positions))
            placed.setdefault(signs, PlacedText(found.text, positions))
    ranked = sorted(((float(np.logaddexp.reduce(own)), signs) for signs, own in scores.items()), reverse=True)
    texts: dict[str, tuple[PlacedText, ...]] = {}
    for digits_text in dict.fromkeys(digits_of(signs) for _, signs in ranked):
        own = [(score, placed[signs]) for score, signs in ranked if digits_of(signs) == digits_text]
        total = float(np.logaddexp.reduce([score for score, _ in own]))
        texts[digits_text] = tuple(text._replace(probability=math.exp(score - total)) for score, text in own)
    return texts


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
    others = weights.score_of_others(len(line.boxes))
    scores = np.array([proposal.evidence.score(weights) for proposal in line.proposals] + [others])
    shares = np.exp(scores - scores.max())
    return replace(line, probabilities=tuple((shares / shares.sum())[:-1].tolist()))


def _decide(line: RecognisedLine, size: tuple[int, int], max_alternatives: int) -> list[Reading]:
    """Return the numbers of the most probable string, each with the probability of all texts that contain it."""
    split = [
        (probability * text.probability, split_numbers(characters))
        for proposal, probability in zip(line.proposals, line.probabilities, strict=True)
        for text, characters in zip(proposal.texts, place_texts(line, proposal, size), strict=True)
    ]
    best = max(range(len(line.proposals)), key=lambda i: line.probabilities[i])
    first_text_of_best = sum(len(proposal.texts) for proposal in line.proposals[:best])
    readings = []
    for text, digits in split[first_text_of_best][1]:
        box = union(digit.box for digit in digits)
        texts = {text: 0.0}
        for probability, numbers in split:
            same_place = " ".join(other for other, other_digits in numbers if _is_at(other_digits, box))
            texts[same_place] = texts.get(same_place, 0.0) + probability
        confidence = texts.pop(text)
        others = sorted(texts.items(), key=lambda other: -other[1])
        alternatives = [Alternative(other, probability) for other, probability in others if digits_of(other)]
        readings.append(Reading(text, box, confidence, digits, tuple(alternatives[:max_alternatives])))
    return readings


def _is_at(digits: Sequence[Digit], box: Box) -> bool:
    """Whether the middle of a number lies in the columns of a box, or the other way round."""
    other = union(digit.box for digit in digits)
    return box.x <= other.centre[0] < box.right or other.x <= box.centre[0] < other.right
