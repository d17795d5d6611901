"""Join the two views of a line: the classified candidates, and what the line recogniser reads in the line's strip.

The candidates show where each digit is, but a digit that no candidate shows well is lost. The line recogniser reads
the line as a whole, but it may take a wall for a 1. Both together give one probability for each possible string: the
softmax over the strings of a weighted sum of three figures (`Evidence`), and over "another string" with a fixed score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from statistics import median

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box, union
from agent.vision.classify import Net
from agent.vision.coordinates import centre_in_picture, in_picture, in_working
from agent.vision.digits import Digit
from agent.vision.layers import MaskResult
from agent.vision.line_text import (
    DIGITS,
    LETTERS,
    STEP_PX,
    beam_search,
    log_probabilities,
    without_signs,
)
from agent.vision.lines import Alternative, Reading, in_reading_order, number_gap
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
NEW_DIGIT_ASPECT = 0.6
"""Width of the box of a digit that only the line recogniser sees, as a share of its height. Raising it makes the box
wider. A guess that was never measured."""
STROKE_SIGNS = "/()"
"""Signs of one stroke. The nets of the segmentation read them as a 1, so a 1 at such a place is weak evidence."""
SIGN_GAP_FACTOR = 2
"""The gap within a number may be this many times as wide where a sign stands in it. Raising it joins numbers beside a
sign. A guess that was never measured."""
OPENING_SIGNS = "-+$("
"""Signs that stand before a number."""
MIN_NEW_CONFIDENCE = 0.5
"""A number that the segmentation did not read is a reading if it is at least this probable. Raising it reads fewer. A
guess that was never measured."""
MIN_SAME_IOU = 0.5
"""A candidate is at the place of a digit if their boxes have a higher IoU than this. Raising it finds fewer candidates
at the place. A guess that was never measured."""
MAX_ALTERNATIVES = 5
"""Largest number of alternatives of a reading. Not tuned."""


@dataclass(frozen=True)
class JoinWeights:
    """Weights of the joint score; `python -m benchmarks.joining` fits them."""

    recogniser: float
    candidates: float
    agreement: float
    other: float
    """Score of all strings together that neither the segmentation nor the line recogniser proposed."""


WEIGHTS = JoinWeights(recogniser=0.64, candidates=0.3, agreement=1.19, other=-2.25)
"""Weights of the join. Raising one trusts its source more. Chosen on one half of the held-out pictures, rendered fields
and scenes, by `python -m benchmarks.joining`."""


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


@dataclass(frozen=True, eq=False)
class Proposal:
    """A string of digits that a line may say."""

    digits_text: str
    text: str
    """The digits with the most probable signs between them."""
    positions: tuple[float, ...]
    """x of each character of `text` in pixels of the strip."""
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class RecognisedLine:
    """Neighbouring numbers of one line, their strip, and what both views say of it."""

    digits: tuple[Digit, ...]
    """The digits that the segmentation found, from left to right."""
    boxes: tuple[Box, ...]
    """Boxes of these digits in working pixels."""
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


def join_lines(
    readings: Sequence[Reading],
    unread: Sequence[Reading],
    masks: Sequence[MaskResult],
    recogniser: Net,
    size: tuple[int, int],
) -> tuple[tuple[Reading, ...], tuple[RecognisedLine, ...]]:
    """Read the lines of a page again, with the line recogniser.

    Args:
        readings: of the segmentation, in reading order.
        unread: doubtful digits that the segmentation did not read, grouped as numbers.
        masks: of the picture.
        recogniser: net for strips.
        size: width and height of the picture.

    Returns:
        The readings, in reading order; and the lines that they come from.
    """
    cut = [*cut_lines(readings, masks), *(replace(line, digits=()) for line in cut_lines(unread, masks))]
    lines = [weigh(line) for line in propose(cut, recogniser)]
    decided = [
        reading
        for line in lines
        for reading in _decide(line, size)
        if line.digits or reading.confidence >= MIN_NEW_CONFIDENCE
    ]
    return tuple(in_reading_order(decided) if unread else decided), tuple(lines)


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


def propose(lines: Sequence[RecognisedLine], recogniser: Net) -> list[RecognisedLine]:
    """Run the line recogniser, with all strips of one width in one batch, and collect the proposals for each line."""

    def width(index: int) -> int:
        return int(lines[index].strip.image.shape[2])

    proposed = list(lines)
    for _, indices in groupby(sorted(range(len(lines)), key=width), key=width):
        batch = list(indices)
        logits = recogniser.logits(np.concatenate([lines[i].strip.views() for i in batch]))
        largest = logits.max(axis=2, keepdims=True)
        log_probs = logits - largest - np.log(np.exp(logits - largest).sum(axis=2, keepdims=True))
        for i, own in zip(batch, np.split(log_probs, len(batch)), strict=True):
            line = replace(lines[i], log_probs=np.asarray(own, np.float32))
            proposed[i] = replace(line, proposals=tuple(_proposals(line)))
    return proposed


def _proposals(line: RecognisedLine) -> list[Proposal]:
    """Return the strings that the line recogniser or the segmentation proposes, with their evidence."""
    placed: dict[str, tuple[str, tuple[float, ...]]] = {}
    for view, log_probs in enumerate(line.log_probs):
        for hypothesis in beam_search(log_probs):
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
            if digit.digit != 1 or not _covers(span, strokes)
        )
        evidence = Evidence(log_prob, sum(shown), digits_text == own)
        proposals.append(Proposal(digits_text, text, positions, evidence))
    return proposals


def _digits_of(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _candidates(line: RecognisedLine) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the candidates of the line: their spans, float64 (n, 2), and probabilities, float32 (n, 11)."""
    boxes, rows = [], []
    for mask in line.masks:
        for index in _possible_digits(mask):
            if _is_in_line(mask.candidates[index].box, line):
                boxes.append(mask.candidates[index].box)
                rows.append(mask.classified.probability[index])
    return line.spans(boxes), np.array(rows, np.float32).reshape(-1, DIGITS + 1)


def _possible_digits(mask: MaskResult) -> list[int]:
    """Return the indices of the candidates that the nets did not reject."""
    return np.flatnonzero(mask.classified.probability[:, :DIGITS].max(axis=1, initial=0) > MIN_SHOWN).tolist()


def _log_shown(spans: NDArray[np.float64], probabilities: NDArray[np.float32], x: float, digit: int) -> float:
    """Return the logarithm of the highest probability of a digit among the candidates at a place."""
    at_place = (spans[:, 0] - MAX_POSITION_ERROR_PX <= x) & (x <= spans[:, 1] + MAX_POSITION_ERROR_PX)
    return math.log(max(MIN_SHOWN, float(probabilities[at_place, digit].max(initial=0.0))))


def _covers(span: NDArray[np.float64], places: Sequence[float]) -> bool:
    """Whether one of the places lies in a span."""
    return any(span[0] - MAX_POSITION_ERROR_PX <= x <= span[1] + MAX_POSITION_ERROR_PX for x in places)


def weigh(line: RecognisedLine, weights: JoinWeights = WEIGHTS) -> RecognisedLine:
    """Return the line with the joint probability of each proposal."""
    scores = np.array([proposal.evidence.score(weights) for proposal in line.proposals] + [weights.other])
    shares = np.exp(scores - scores.max())
    return replace(line, probabilities=tuple((shares / shares.sum())[:-1].tolist()))


def _decide(line: RecognisedLine, size: tuple[int, int]) -> list[Reading]:
    """Return the numbers of the most probable string, each with the probability of all strings that contain it."""
    split = [_split(_place_characters(line, proposal, size)) for proposal in line.proposals]
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
        alternatives = tuple(sorted(others, key=lambda other: -other.probability)[:MAX_ALTERNATIVES])
        readings.append(Reading(text, box, confidence, digits, alternatives))
    return readings


def _is_at(number: tuple[str, tuple[Digit, ...]], box: Box) -> bool:
    """Whether the middle of a number lies in the columns of a box, or the other way round."""
    other = union(digit.box for digit in number[1])
    return box.x <= other.centre[0] < box.right or other.x <= box.centre[0] < other.right


def _place_characters(line: RecognisedLine, best: Proposal, size: tuple[int, int]) -> list[tuple[str, Digit | None]]:
    """Return each character of a string, with its digit if it is one."""
    if best.digits_text == line.segmented:
        digits = iter(line.digits)
        return [(character, next(digits) if character.isdigit() else None) for character in best.text]
    own_spans = line.digit_spans
    characters: list[tuple[str, Digit | None]] = []
    unused = 0
    for character, x in zip(best.text, best.positions, strict=True):
        if not character.isdigit():
            characters.append((character, None))
            continue
        own = next((i for i in range(unused, len(line.digits)) if _covers(own_spans[i], [x])), None)
        unused = unused if own is None else own + 1
        characters.append((character, _digit_at(line, own, x, int(character), size)))
    return characters


def _digit_at(line: RecognisedLine, own: int | None, x: float, label: int, size: tuple[int, int]) -> Digit:
    """Return a digit of the line recogniser: at the place of the segmentation's digit, of a candidate, or alone."""
    if own is not None and line.digits[own].digit == label:
        return line.digits[own]
    log_probs = line.log_probs[0]
    probability = float(np.exp(log_probs[min(len(log_probs) - 1, int(x / STEP_PX)), label]))
    if own is not None:
        return Digit(label, probability, line.digits[own].box)
    ink = line.masks[0].ink
    candidates = [
        (float(mask.classified.probability[i, label]), mask.candidates[i])
        for mask in line.masks
        for i in _possible_digits(mask)
    ]
    shown = [
        (p, candidate)
        for p, candidate in candidates
        if p > MIN_SHOWN and _is_in_line(candidate.box, line) and _covers(line.spans([candidate.box])[0], [x])
    ]
    if shown:
        return Digit(label, probability, in_picture(max(shown, key=lambda pair: pair[0])[1], ink, *size))
    middle_x = line.strip.to_working(x)
    w, h = NEW_DIGIT_ASPECT * line.height, line.height
    top = line.strip.middle + line.strip.slope * middle_x - h / 2
    box = Box(round(middle_x - w / 2), round(top), max(1, round(w)), max(1, round(h)))
    return Digit(label, probability, centre_in_picture(box, ink, *size))


def _is_in_line(box: Box, line: RecognisedLine) -> bool:
    """Whether a working box is at the height of a line, and no wider than a digit."""
    height = line.height
    top = min(own.y for own in line.boxes) - height / 3
    bottom = max(own.bottom for own in line.boxes) + height / 3
    return box.bottom > top and box.y < bottom and box.w <= MAX_CANDIDATE_HEIGHTS * height


def _split(characters: Sequence[tuple[str, Digit | None]]) -> list[tuple[str, tuple[Digit, ...]]]:
    """Split the characters of a line at letters and at wide gaps; returns the text and the digits of each number."""
    line = [digit for _, digit in characters if digit is not None]
    max_gap = number_gap(line) if line else 0.0
    numbers: list[tuple[str, list[Digit]]] = []
    signs = ""
    ended = True
    for character, digit in characters:
        if character == LETTERS:
            numbers, signs, ended = _closed(numbers, signs), "", True
        elif digit is None:
            signs += character
        else:
            gap = digit.box.x - numbers[-1][1][-1].box.right if numbers else 0
            if ended or gap > (SIGN_GAP_FACTOR * max_gap if signs else max_gap):
                before = signs.lstrip("".join(set(signs) - set(OPENING_SIGNS)))
                numbers = _closed(numbers, signs.removesuffix(before)) if not ended else numbers
                numbers.append((before + character, [digit]))
            else:
                text, digits = numbers[-1]
                numbers[-1] = (text + signs + character, [*digits, digit])
            signs, ended = "", False
    if not ended:
        numbers = _closed(numbers, signs)
    return [(text, tuple(digits)) for text, digits in numbers]


def _closed(numbers: list[tuple[str, list[Digit]]], signs: str) -> list[tuple[str, list[Digit]]]:
    """Return the numbers with signs behind the last one."""
    if not numbers or not signs:
        return numbers
    text, digits = numbers[-1]
    return [*numbers[:-1], (text + signs, digits)]
