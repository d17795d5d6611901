"""What new writers write: numbers to correct, and numbers to test on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agent.learn.examples import KnownNumber
from benchmarks.numbers.handwriting import is_legible, place, right_of
from benchmarks.numbers.sheet import WrittenSheet, draw_sheet
from converters.data.strokes import PenItem, Stroke, is_held_out, load_pen_items

Rng = np.random.Generator
MIN_ITEMS = 70
"""A writer with fewer digits is left out."""


@dataclass(frozen=True, eq=False)
class NumbersOfWriter:
    """Numbers of one writer."""

    corrected: Sequence[KnownNumber]
    """Numbers written with one half of the writer's digits."""
    test: Sequence[KnownNumber]
    """Numbers written with the other half."""


def new_writers(folder: Path, count: int) -> Mapping[str, Sequence[PenItem]]:
    """Return the digits of writers who were kept out of training and wrote all ten digits."""
    by_writer: dict[str, list[PenItem]] = {}
    for name in ("unipen/digits", "pendigits/pendigits"):
        for item in load_pen_items(folder / f"{name}.npz", name.partition("/")[0]):
            if is_held_out(item.writer) and is_legible(item):
                by_writer.setdefault(item.writer, []).append(item)
    complete = {
        writer: items
        for writer, items in sorted(by_writer.items())
        if len(items) >= MIN_ITEMS and len({item.label for item in items}) == 10
    }
    return dict(list(complete.items())[:count])


def write_numbers(rng: Rng, items: Sequence[PenItem], corrected: int, test: int) -> NumbersOfWriter:
    """Write numbers of one to four digits with the digits of a writer, on drawn paper."""
    shuffled = [items[index] for index in rng.permutation(len(items))]
    half = len(shuffled) // 2
    return NumbersOfWriter(
        [_write(rng, shuffled[:half]) for _ in range(corrected)], [_write(rng, shuffled[half:]) for _ in range(test)]
    )


def falsified(rng: Rng, known: KnownNumber) -> KnownNumber:
    """Return a number whose correction has a wrong digit."""
    at = int(rng.integers(len(known.text)))
    wrong = (int(known.text[at]) + int(rng.integers(1, 10))) % 10
    return replace(known, text=f"{known.text[:at]}{wrong}{known.text[at + 1 :]}")


def _write(rng: Rng, items: Sequence[PenItem]) -> KnownNumber:
    strokes, text, x = list[Stroke](), "", 0.0
    for _ in range(int(rng.integers(1, 5))):
        item = items[int(rng.integers(len(items)))]
        placed = place(item, x, float(rng.normal(0, 0.03)), height=float(rng.normal(1, 0.06)))
        strokes += placed
        text += item.label
        x = right_of(placed) + max(-0.1, float(rng.normal(0.2, 0.08)))
    image, box = draw_sheet(rng, WrittenSheet(strokes))
    assert box is not None
    return KnownNumber(image, box, text)
