"""Digits, whole numbers and letters of the held-out writers, drawn on paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

import numpy as np

from benchmarks.numbers.case import Case
from benchmarks.numbers.handwriting import HeldOutHandwriting, any_of, place, right_of, whole_number, write_letter
from benchmarks.numbers.sheet import WrittenSheet, draw_sheet
from converters.data.strokes import PenItem, Stroke

SEED = 41
DIGITS, WORDS, ROWS = 300, 120, 40
"""Number of single digits, of words, and of rows of letters. Of whole numbers all are drawn, twice each."""
CELLS = 6
"""Cells of a row of letters."""
CELL = (1.6, 1.6)
"""Width and height of a cell, in heights of a digit."""
RULE_PITCH = 1.9
"""Distance of ruled lines, in heights of a digit."""


def digits(handwriting: HeldOutHandwriting) -> Iterator[Case]:
    """Yield single digits, each of the ten equally often, on plain, ruled and boxed paper in turn."""
    for number, (paper, label) in enumerate(islice(cycle(_pairs()), DIGITS)):
        rng = np.random.default_rng((SEED, 0, number))
        strokes = place(any_of(rng, handwriting.digits[label]), 0.0, 0.0, height=1.0)
        image, line = draw_sheet(rng, on_paper(paper, strokes))
        yield Case("writers: single digits", image, label, line=line)


def _pairs() -> list[tuple[str, str]]:
    return [(paper, str(digit)) for paper in ("plain", "ruled", "boxed") for digit in range(10)]


def numbers(handwriting: HeldOutHandwriting) -> Iterator[Case]:
    """Yield the numbers that were written as a whole, shuffled: on plain paper, then on ruled or boxed paper."""
    for number, index in enumerate(np.random.default_rng(SEED).permutation(len(handwriting.numbers)).tolist()):
        item = handwriting.numbers[index]
        for kind, paper in (("plain", "plain"), ("ruled or boxed", ("ruled", "boxed")[number % 2])):
            rng = np.random.default_rng((SEED, 1, number, kind == "plain"))
            image, line = draw_sheet(rng, on_paper(paper, whole_number(item)))
            yield Case(f"writers: numbers, {kind}", image, item.label, has_signs=True, line=line)


def words(handwriting: HeldOutHandwriting) -> Iterator[Case]:
    """Yield pictures of one word."""
    for number, item in enumerate(islice(cycle(handwriting.words), 0, None, 17)):
        if number == WORDS:
            return
        rng = np.random.default_rng((SEED, 2, number))
        image, _ = draw_sheet(rng, WrittenSheet(_word(rng, item)))
        yield Case("letters in words", image, things=len(item.label))


def _word(rng: np.random.Generator, item: PenItem) -> list[Stroke]:
    """Return a word whose small letters are lower than a digit."""
    points = np.concatenate(item.strokes)
    height = max(float(np.ptp(points[:, 1])), 0.15 * float(np.ptp(points[:, 0])))
    factor = float(rng.uniform(0.9, 1.4)) / max(1.0, height)
    return [(stroke * factor).astype(np.float32) for stroke in item.strokes]


def letters_in_cells(handwriting: HeldOutHandwriting) -> Iterator[Case]:
    """Yield rows of cells with a single letter each, as grades and initials stand in tables."""
    w, h = CELL
    boxes = [(i * w, 0.3 - h, (i + 1) * w, 0.3) for i in range(CELLS)]
    for number in range(ROWS):
        rng = np.random.default_rng((SEED, 3, number))
        strokes: list[Stroke] = []
        for i in range(CELLS):
            item = any_of(rng, handwriting.letters)
            strokes += write_letter(rng, item, i * w + float(rng.uniform(0.2, 0.6)))
        image, _ = draw_sheet(rng, WrittenSheet(strokes, boxes))
        yield Case("letters in cells", image, things=CELLS)


def on_paper(paper: str, strokes: Sequence[Stroke]) -> WrittenSheet:
    """Return a sheet with one line of writing.

    Args:
        paper: "plain"; "ruled", with lines at the baseline and above and below; or "boxed", with a box around the line.
        strokes: in heights of a digit, with the baseline at 0.
    """
    if paper == "ruled":
        return WrittenSheet(strokes, rules=[0.08 + RULE_PITCH * line for line in (-1, 0, 1)])
    if paper == "boxed":
        top = min(float(stroke[:, 1].min()) for stroke in strokes)
        bottom = max(float(stroke[:, 1].max()) for stroke in strokes)
        return WrittenSheet(strokes, boxes=[(-0.4, top - 0.3, right_of(strokes) + 0.4, bottom + 0.3)])
    return WrittenSheet(strokes)
