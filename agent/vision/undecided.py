"""Doubtful digits: ink that may be a digit, but was not read.

A candidate that is not probable enough to be a digit is dropped like dirt, and one that stands in a word is dropped,
too. If it stands in the line of a number, the number may miss a digit. Such candidates lower the confidence of the
number; the more probable ones are its undecided places. Where a page has a few of them and no number, they may be a
number that the line recogniser can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from statistics import median

import numpy as np

from agent.vision.box import Box
from agent.vision.coordinates import in_picture
from agent.vision.digits import NOT_A_DIGIT, Digit, suppress_overlaps
from agent.vision.layers import MaskResult
from agent.vision.line_text import digits_of
from agent.vision.lines import (
    MAX_LINE_GAP_HEIGHTS,
    MAX_LINE_OFFSET_HEIGHTS,
    MIN_HEIGHT_SHARE,
    MIN_NUMBER_GAP_HEIGHTS,
    Reading,
    group_lines,
)

MIN_UNDECIDED = 0.3
"""A place is undecided if its best digit has at least this probability. Raising it shows fewer undecided places. A
guess that was never measured."""
MIN_DOUBTFUL = 0.01
"""A candidate whose best digit has at least this probability is doubtful. Raising it shows the line recogniser fewer
numbers that the verifier rejected. Measured: of 300 single digits of writers that training uses 265 are right, 263 or
264 with values from 0.005 to 0.3, and 256 without this step."""
MIN_COUNTED = 0.05
"""Candidates with at least this probability lower the confidence. Raising it makes wrong numbers surer. Chosen among
0.05, 0.1 and 0.3 on the training part of 580 amounts: 0.05 gives the true strings the highest likelihood."""
MAX_UNREAD_NUMBERS = 4
"""A page with more doubtful numbers than this is full of something else than digits. Raising it costs time on pages
with words and drawings, and reads more of them as digits. A guess that was never measured."""
MAX_HEIGHT_SHARE = 1.8
"""A candidate that is higher or wider than this many heights of a digit is not a digit of the number. Raising it counts
larger marks. A guess that was never measured."""

MIN_SAME_IOU = 0.3
"""A tracked digit and a digit of a look whose boxes have a higher IoU than this are the same one. Raising it pairs
fewer digits. A guess that was never measured."""


def mark_undecided(
    readings: Sequence[Reading], masks: Sequence[MaskResult], decided: Sequence[Digit], size: tuple[int, int]
) -> tuple[Reading, ...]:
    """Return readings with their undecided places, and with a confidence that counts them.

    Args:
        readings: of the segmentation.
        masks: of the picture.
        decided: the digits of the page, read and printed; ink that is one of them is not doubtful.
        size: width and height of the picture.
    """
    doubtful = _find_doubtful(masks, decided, size, MIN_COUNTED)
    return tuple(_with_undecided(reading, doubtful) for reading in readings)


def find_unread_numbers(
    masks: Sequence[MaskResult], decided: Sequence[Digit], size: tuple[int, int]
) -> tuple[Reading, ...]:
    """Group the doubtful digits of a page on which nothing was read into numbers; none if it has many such marks.

    Args:
        masks: of the picture.
        decided: the printed digits of the page.
        size: width and height of the picture.
    """
    numbers = group_lines(_find_doubtful(masks, decided, size, MIN_DOUBTFUL))
    return numbers if len(numbers) <= MAX_UNREAD_NUMBERS else ()


def find_unread_lines(
    masks: Sequence[MaskResult], readings: Sequence[Reading], decided: Sequence[Digit], size: tuple[int, int]
) -> tuple[Reading, ...]:
    """Group the doubtful digits of a page of cut-out fields into numbers, without those in the line of a number.

    Args:
        masks: of the picture.
        readings: what was read.
        decided: the digits of the page, read and printed.
        size: width and height of the picture.
    """
    numbers = group_lines(_find_doubtful(masks, decided, size, MIN_DOUBTFUL))
    return tuple(one for one in numbers if not any(_is_in_line(one, other) for other in readings))


def _is_in_line(one: Reading, other: Reading) -> bool:
    height = max(median(digit.box.h for digit in reading.digits) for reading in (one, other))
    gap = max(one.box.x - other.box.right, other.box.x - one.box.right)
    offset = abs(one.box.centre[1] - other.box.centre[1])
    return gap <= MAX_LINE_GAP_HEIGHTS * height and offset < MAX_LINE_OFFSET_HEIGHTS * height


def add_marks(reading: Reading, seen: Sequence[Reading]) -> Reading:
    """Return a tracked number with the undecided places of those readings of a look that show the same number.

    Args:
        reading: digits that were tracked through several looks.
        seen: readings of the newest look.
    """
    own = [digit.box for digit in reading.digits]
    near = [other for other in seen if other.box.iou(reading.box) > 0]  # most are not, and their digits are many
    same = [other for other in near if _shares_digit(other, own)]
    doubtful = [digit for other in same for digit in other.undecided if all(digit.box.iou(box) == 0 for box in own)]
    marked = replace(reading, cut_by_edge=any(other.cut_by_edge for other in same))
    return _with_undecided(marked, doubtful)


def _shares_digit(reading: Reading, boxes: Sequence[Box]) -> bool:
    return any(digit.box.iou(box) > MIN_SAME_IOU for digit in reading.digits for box in boxes)


def _find_doubtful(
    masks: Sequence[MaskResult], decided: Sequence[Digit], size: tuple[int, int], min_probability: float
) -> list[Digit]:
    """Return what may be a digit and was not read, the most probable first, each with its most probable label."""
    unread = [digit for mask in masks for digit in _unread(mask, size, min_probability)]
    if not unread:
        return []
    pool = [*decided, *sorted(unread, key=lambda digit: -digit.probability)]
    return [pool[i] for i in suppress_overlaps([digit.box for digit in pool]) if i >= len(decided)]


def _unread(mask: MaskResult, size: tuple[int, int], min_probability: float) -> list[Digit]:
    """Return the candidates of a mask that may be digits, and were not selected."""
    probability = mask.classified.probability[:, :NOT_A_DIGIT]
    best = probability.max(axis=1, initial=0)
    indices = [i for i in np.flatnonzero(best >= min_probability).tolist() if mask.candidates[i] not in mask.digits]
    return [
        Digit(int(probability[i].argmax()), float(best[i]), in_picture(mask.candidates[i], mask.ink, *size))
        for i in indices
    ]


def _with_undecided(reading: Reading, doubtful: Sequence[Digit]) -> Reading:
    own = tuple(digit for digit in doubtful if _continues(digit, reading))
    if not own:
        return reading
    undecided = tuple(digit for digit in own if digit.probability >= MIN_UNDECIDED)
    complete = prod(1 - digit.probability for digit in own)
    alternatives = tuple(
        # Another text with the same digits misses the same ink.
        replace(other, probability=other.probability * complete)
        if digits_of(other.text) == reading.digits_text
        else other
        for other in reading.alternatives
    )
    confidence = reading.confidence * complete
    return replace(reading, undecided=undecided, confidence=confidence, alternatives=alternatives)


def _continues(digit: Digit, reading: Reading) -> bool:
    """Whether a digit would belong to a number, by its height and its place."""
    height, box = median(own.box.h for own in reading.digits), digit.box
    if not MIN_HEIGHT_SHARE * height <= box.h <= MAX_HEIGHT_SHARE * height or box.w > MAX_HEIGHT_SHARE * height:
        return False
    nearest = min(reading.digits, key=lambda own: abs(own.box.centre[0] - box.centre[0]))
    gap = max(box.x - reading.box.right, reading.box.x - box.right)
    offset = abs(box.centre[1] - nearest.box.centre[1])
    return gap <= MIN_NUMBER_GAP_HEIGHTS * height and offset < MAX_LINE_OFFSET_HEIGHTS * max(height, box.h)
