"""Pen strokes of the held-out writers, and how they become numbers.

Other code composes the numbers for training (`converters.data.strips`), so that a reader gains nothing from its habits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from agent.vision.line_text import SIGNS
from converters.data.strips.compose import SIGN_BOXES, gap_between
from converters.data.strokes import PenItem, Stroke, is_held_out, load_pen_items

Rng = np.random.Generator
Item = TypeVar("Item")

MAX_NUMBER_CHARACTERS = 20
"""Largest number of characters in a number; longer items are not used."""
MAX_DIGIT_ASPECT = 1.8
"""Largest width of a digit in heights. Some items with the label of a digit are a dash."""
DESCENDERS, HIGH_LETTERS = "gjpqy", "bdfhklti"
"""Letters that reach below the baseline, and small letters that are as high as a digit."""


@dataclass(frozen=True, eq=False)
class HeldOutHandwriting:
    """What the held-out writers wrote."""

    digits: Mapping[str, Sequence[PenItem]]
    """Single digits of all writers, by label."""
    writers: Sequence[Mapping[str, Sequence[PenItem]]]
    """Digits and signs by label, of each writer who wrote all ten digits."""
    signs: Mapping[str, Sequence[PenItem]]
    """Signs of all writers, by their character."""
    numbers: Sequence[PenItem]
    """Numbers that were written as a whole."""
    words: Sequence[PenItem]
    letters: Sequence[PenItem]


def load_handwriting(folder: Path) -> HeldOutHandwriting:
    """Load the strokes of the held-out writers from a folder with `unipen` and `pendigits`.

    Raises:
        DatasetError: a file is missing or damaged.
    """

    def load(name: str) -> list[PenItem]:
        items = load_pen_items(folder / f"{name}.npz", name.partition("/")[0])
        return [item for item in items if is_held_out(item.writer)]

    by_writer: dict[str, dict[str, list[PenItem]]] = defaultdict(lambda: defaultdict(list))
    digits: dict[str, list[PenItem]] = defaultdict(list)
    signs: dict[str, list[PenItem]] = defaultdict(list)
    for item in filter(is_legible, load("unipen/digits") + load("pendigits/pendigits")):
        digits[item.label].append(item)
        by_writer[item.writer][item.label].append(item)
    for item in load("unipen/symbols"):
        if item.label in SIGNS:
            signs[item.label].append(item)
            by_writer[item.writer][item.label].append(item)
    return HeldOutHandwriting(
        digits,
        [labels for _, labels in sorted(by_writer.items()) if all(str(digit) in labels for digit in range(10))],
        signs,
        [item for item in load("unipen/number_strings") if is_one_number(item.label)],
        [item for item in load("unipen/words") if item.label.isalpha()],
        load("unipen/letters") + load("unipen/capitals"),
    )


def is_legible(item: PenItem) -> bool:
    """Whether the strokes of a digit are not much wider than high."""
    w, h = np.ptp(np.concatenate(item.strokes), axis=0)
    return bool(w <= MAX_DIGIT_ASPECT * h)


def is_one_number(label: str) -> bool:
    """Whether a label of UNIPEN is a single number whose characters a reader knows."""
    return len(label) <= MAX_NUMBER_CHARACTERS and all(c.isdigit() or c in SIGNS for c in label)


def write_number(rng: Rng, text: str, handwriting: HeldOutHandwriting) -> list[Stroke]:
    """Write a number with characters of one writer; signs that this writer did not write come from others.

    Returns:
        Strokes in heights of a digit: the baseline is y = 0, and a digit reaches from y = -1 to y = 0.
    """
    writer = any_of(rng, handwriting.writers)
    gap = float(rng.normal(0.15, 0.1))
    strokes: list[Stroke] = []
    x = 0.0
    for index, character in enumerate(text):
        item = any_of(rng, writer.get(character) or handwriting.signs[character])
        if character.isdigit():
            placed = place(item, x, float(rng.normal(0, 0.03)), height=float(rng.normal(1, 0.06)))
        else:
            smallest, largest, highest, lowest = SIGN_BOXES[character]
            placed = place(item, x, float(rng.uniform(highest, lowest)), size=float(rng.uniform(smallest, largest)))
        strokes += placed
        usual = max(-0.2, float(rng.normal(gap, 0.06)))
        x = right_of(placed) + gap_between(rng, character, text[index + 1 : index + 2], usual)
    return strokes


def whole_number(item: PenItem) -> list[Stroke]:
    """Return a number as it was written, in heights of a digit; most of its strokes are about as high as a digit."""
    heights = np.array([np.ptp(stroke[:, 1]) for stroke in item.strokes])
    height = max(1.0, float(np.median(heights[heights >= 0.5 * heights.max()])))
    points = np.concatenate(item.strokes)
    corner = points[:, 0].min(), np.median(points[:, 1]) + height / 2
    return [((stroke - corner) / height).astype(np.float32) for stroke in item.strokes]


def write_letter(rng: Rng, item: PenItem, x: float) -> list[Stroke]:
    """Return a letter beside digits of height 1, with its left edge at `x`."""
    high = item.label.isupper() or item.label in HIGH_LETTERS + DESCENDERS
    height = float(rng.uniform(0.9, 1.1) if high else rng.uniform(0.55, 0.8))
    return place(item, x, 0.3 if item.label in DESCENDERS else 0.0, height=height)


def place(
    item: PenItem, x: float, base: float, *, height: float | None = None, size: float | None = None
) -> list[Stroke]:
    """Return the strokes of an item with its left edge at `x` and its lower edge at `base`.

    Args:
        item: the character.
        x: left edge.
        base: lower edge.
        height: height to scale the item to, but to no more than twice this width; or
        size: longer side to scale it to.
    """
    points = np.concatenate(item.strokes)
    w, h = np.ptp(points, axis=0)
    scale = size / max(w, h, 1.0) if size else (height or 1.0) / max(h, w / 2, 1.0)
    corner = points[:, 0].min(), points[:, 1].max()
    return [((stroke - corner) * scale + (x, base)).astype(np.float32) for stroke in item.strokes]


def right_of(strokes: Sequence[Stroke]) -> float:
    """Return the right end of strokes."""
    return max(float(stroke[:, 0].max()) for stroke in strokes)


def any_of(rng: Rng, items: Sequence[Item]) -> Item:
    """Return a random item."""
    return items[int(rng.integers(0, len(items)))]
