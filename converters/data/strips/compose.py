"""Compose handwritten lines: characters of one writer side by side, with the gaps and touches of real writing.

Lengths are in heights of a digit: the baseline is y = 0, and a digit reaches from y = -1 to y = 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.vision.line_text import LETTERS, SIGNS
from converters.data.labelled import LabelledImages
from converters.data.strips.images import crop_digits, load_photographed_digits
from converters.data.strips.texts import Rng, random_text
from converters.data.strokes import PenItem, Stroke, is_held_out, load_pen_items

Gray = NDArray[np.uint8]
Item = TypeVar("Item")

SIGN_BOXES: Mapping[str, tuple[float, float, float, float]] = {
    ".": (0.06, 0.16, -0.1, 0.05),
    ",": (0.18, 0.38, 0.05, 0.3),
    "-": (0.3, 0.8, -0.6, -0.35),
    "/": (1.0, 1.5, -0.02, 0.3),
    ":": (0.4, 0.7, -0.1, 0.05),
    "'": (0.18, 0.38, -0.75, -0.6),
    "(": (1.0, 1.5, 0.0, 0.3),
    ")": (1.0, 1.5, 0.0, 0.3),
    "$": (1.0, 1.5, 0.0, 0.3),
    "%": (0.8, 1.2, -0.05, 0.1),
    "+": (0.4, 0.75, -0.3, -0.1),
}
"""Smallest and largest longer side of a sign, and highest and lowest position of its lower edge."""
SMALL_SIGNS = ".,:'"
"""Signs that are much smaller than a digit."""
GAP_BEFORE, GAP_AFTER = (0.23, 0.17), (0.42, 0.17)
"""Mean and standard deviation of the gap before and after a small sign. Measured at the 31 points and commas in the
numbers that the training writers of UNIPEN wrote as a whole."""
ASCENDERS, DESCENDERS = "bdfhklti", "gjpqy"
"""Letters that are as high as a digit, and letters that reach below the baseline."""


@dataclass(frozen=True, eq=False)
class Writing:
    """Handwriting to compose lines from."""

    characters: Mapping[str, Mapping[str, Sequence[PenItem]]]
    """Single characters: by writer, then by label."""
    writers: Sequence[str]
    """Writers that wrote each digit."""
    signs: Mapping[str, Sequence[PenItem]]
    """Signs of all writers, by label."""
    letters: Sequence[PenItem]
    words: Sequence[PenItem]
    numbers: Sequence[PenItem]
    """Numbers that were written as a whole."""
    images: Mapping[str, Sequence[Gray]] = field(default_factory=dict)
    """Pictures of digits, bright ink on 0, cropped to the ink; by label."""


def load_writing(folder: Path, digits: LabelledImages | None, *, held_out: bool) -> Writing:
    """Load the handwriting of the training writers or of the held-out writers.

    Args:
        folder: folder with `unipen` and `pendigits`, and `bhmsds` if there are photographed digits.
        digits: pictures of digits (MNIST) of the same part; None to use pen strokes only.
        held_out: whether to load the held-out writers.
    """

    def load(name: str, data_set: str) -> list[PenItem]:
        return [item for item in load_pen_items(folder / name, data_set) if is_held_out(item.writer) == held_out]

    by_writer: dict[str, dict[str, list[PenItem]]] = defaultdict(lambda: defaultdict(list))
    for item in load("unipen/digits.npz", "unipen") + load("pendigits/pendigits.npz", "pendigits"):
        by_writer[item.writer][item.label].append(item)
    signs: dict[str, list[PenItem]] = defaultdict(list)
    for item in load("unipen/symbols.npz", "unipen"):
        signs[item.label].append(item)
        if item.label in SIGNS:
            by_writer[item.writer][item.label].append(item)
    letters = load("unipen/letters.npz", "unipen") + load("unipen/capitals.npz", "unipen")
    words = [item for item in load("unipen/words.npz", "unipen") if item.label.isalpha()]
    numbers = [
        item
        for item in load("unipen/number_strings.npz", "unipen")
        if len(item.label) <= 24 and "#" not in item.label and " " not in item.label
    ]
    images = crop_digits(digits) if digits is not None else {}
    for label, photographed in load_photographed_digits(folder, held_out=held_out).items():
        images.setdefault(label, []).extend(photographed)
    complete = [writer for writer, labels in by_writer.items() if all(str(digit) in labels for digit in range(10))]
    return Writing(by_writer, complete, signs, letters, words, numbers, images)


@dataclass(frozen=True, eq=False)
class Line:
    """A composed line, in heights of a digit."""

    text: str
    """What the line says: the text that a recogniser must give."""
    strokes: Sequence[Stroke]
    images: Sequence[tuple[Gray, float, float, float, float]] = ()
    """Pictures of digits with their left, top, right and bottom."""

    @property
    def width(self) -> float:
        """Right end of the line; it begins at about 0."""
        rights = [float(stroke[:, 0].max()) for stroke in self.strokes] + [image[3] for image in self.images]
        return max(rights, default=1.0)


def compose_line(rng: Rng, writing: Writing) -> Line:
    """Compose a line: a number in most cases, else a number among letters, letters only, or nothing."""
    kind = rng.random()
    if kind < 0.12 and writing.numbers:
        return _whole_number(rng, writing)
    if kind < 0.20:
        return _letters_only(rng, writing)
    if kind < 0.23:
        return Line("", [])
    line = _number(rng, writing)
    return _with_word(rng, writing, line) if kind > 0.92 else line


def compose_digits(rng: Rng, images: Mapping[str, Sequence[Gray]]) -> Line:
    """Compose a line of one to six digits from pictures of digits by random writers."""
    labels = sorted(images)
    text = "".join(labels[i] for i in rng.integers(0, len(labels), int(rng.integers(1, 7))).tolist())
    gap = float(rng.normal(0.14, 0.1))
    placed: list[tuple[Gray, float, float, float, float]] = []
    x = 0.0
    for character in text:
        image = _any(rng, images[character])
        height, base = 1 + float(rng.normal(0, 0.08)), float(rng.normal(0, 0.05))
        width = height * image.shape[1] / max(image.shape[0], 0.5 * image.shape[1])
        placed.append((image, x, base - height, x + width, base))
        x += width + max(-0.2, float(rng.normal(gap, 0.06)))
    return Line(text, [], placed)


def _number(rng: Rng, writing: Writing) -> Line:
    """Write a random number with the characters of one writer, or with pictures of digits."""
    text = random_text(rng)
    from_images = bool(writing.images) and rng.random() < 0.4
    writer = writing.characters[writing.writers[int(rng.integers(0, len(writing.writers)))]]
    gap, gap_deviation = float(rng.normal(0.14, 0.14)), float(rng.uniform(0.02, 0.12))
    pitch = float(rng.uniform(0.85, 1.6)) if rng.random() < 0.15 else 0.0  # one digit in each box of a form
    height_deviation, baseline_deviation = rng.uniform(0.02, 0.14), rng.uniform(0.01, 0.1)
    strokes: list[Stroke] = []
    images: list[tuple[Gray, float, float, float, float]] = []
    x = 0.0
    for index, character in enumerate(text):
        if character == " ":
            x += float(rng.uniform(0.2, 0.6))
            continue
        if pitch:
            x = max(x, index * pitch + float(rng.normal(0, 0.08)))
        height = 1 + float(rng.normal(0, height_deviation))
        base = float(rng.normal(0, baseline_deviation))
        if character.isdigit() and from_images:
            image = _any(rng, writing.images[character])
            width = height * image.shape[1] / max(image.shape[0], 0.5 * image.shape[1])
            images.append((image, x, base - height, x + width, base))
        else:
            item = _any(rng, writer.get(character) or writing.signs.get(character) or [])
            placed = _place(item, x, *(_digit_box(height, base) if character.isdigit() else _sign_box(rng, character)))
            strokes += placed
            width = max(float(stroke[:, 0].max()) for stroke in placed) - x
        following = text[index + 1 : index + 2]
        x += width + gap_between(rng, character, following, max(-0.35, float(rng.normal(gap, gap_deviation))))
    return Line(text.replace(" ", ""), strokes, images)


def gap_between(rng: Rng, left: str, right: str, usual: float) -> float:
    """Return the gap between two characters: a random one at a small sign, else the usual one of the line."""
    if right and right in SMALL_SIGNS:
        return max(0.0, float(rng.normal(*GAP_BEFORE)))
    if left in SMALL_SIGNS:
        return max(0.0, float(rng.normal(*GAP_AFTER)))
    return usual


def _whole_number(rng: Rng, writing: Writing) -> Line:
    """Take a number as it was written; its digits are about as high as most of its strokes."""
    item = _any(rng, writing.numbers)
    heights = np.array([np.ptp(stroke[:, 1]) for stroke in item.strokes])
    height = float(np.median(heights[heights >= 0.5 * heights.max()])) or 1.0
    points = np.concatenate(item.strokes)
    middle = float(np.median(points[:, 1]))
    left = float(points[:, 0].min())
    strokes = [(stroke - (left, middle)) / height - (0, 0.5) for stroke in item.strokes]
    return Line(item.label, [stroke.astype(np.float32) for stroke in strokes])


def _letters_only(rng: Rng, writing: Writing) -> Line:
    """Write a word, or some single letters."""
    if rng.random() < 0.5 and writing.words:
        return Line(LETTERS, _word(rng, writing, 0.0))
    strokes: list[Stroke] = []
    x = 0.0
    for _ in range(int(rng.integers(1, 6))):
        placed = _letter(rng, writing, x)
        strokes += placed
        x = max(float(stroke[:, 0].max()) for stroke in placed) + float(rng.uniform(-0.05, 0.5))
    return Line(LETTERS, strokes)


def _with_word(rng: Rng, writing: Writing, line: Line) -> Line:
    """Write letters before or behind a number: a unit, a name, a currency."""
    single = rng.random() < 0.4
    word = _letter(rng, writing, 0.0) if single or not writing.words else _word(rng, writing, 0.0)
    width = max(float(stroke[:, 0].max()) for stroke in word)
    gap = float(rng.uniform(0.1, 0.8))
    if rng.random() < 0.5:
        moved = [stroke + np.array((line.width + gap, 0), np.float32) for stroke in word]
        return Line(line.text + LETTERS, [*line.strokes, *moved], line.images)
    shift = width + gap
    images = [(image, left + shift, top, right + shift, bottom) for image, left, top, right, bottom in line.images]
    moved = [stroke + np.array((shift, 0), np.float32) for stroke in line.strokes]
    return Line(LETTERS + line.text, [*word, *moved], images)


def _word(rng: Rng, writing: Writing, x: float) -> list[Stroke]:
    item = _any(rng, writing.words)
    points = np.concatenate(item.strokes)
    height = max(float(np.ptp(points[:, 1])), 0.15 * float(np.ptp(points[:, 0])), 1.0)
    return _place(item, x, float(rng.uniform(0.8, 1.5)) / height, float(rng.uniform(0.0, 0.35)))


def _letter(rng: Rng, writing: Writing, x: float) -> list[Stroke]:
    item = _any(rng, writing.letters)
    high = item.label.isupper() or item.label in ASCENDERS + DESCENDERS
    height = float(rng.uniform(0.85, 1.2) if high else rng.uniform(0.5, 0.8))
    base = 0.3 if item.label in DESCENDERS else float(rng.normal(0, 0.05))
    return _place(item, x, *_digit_box(height, base))


def _digit_box(height: float, base: float) -> tuple[float, float]:
    """Return the scale and the lower edge of an item whose longer side is 1000."""
    return height / 1000, base


def _sign_box(rng: Rng, sign: str) -> tuple[float, float]:
    smallest, largest, highest, lowest = SIGN_BOXES[sign]
    return float(rng.uniform(smallest, largest)) / 1000, float(rng.uniform(highest, lowest))


def _place(item: PenItem, x: float, scale: float, base: float) -> list[Stroke]:
    """Return the strokes of an item with its left edge at `x` and its lower edge at `base`."""
    points = np.concatenate(item.strokes)
    corner = np.array((points[:, 0].min(), points[:, 1].max()))
    return [((stroke - corner) * scale + (x, base)).astype(np.float32) for stroke in item.strokes]


def _any(rng: Rng, items: Sequence[Item]) -> Item:
    return items[int(rng.integers(0, len(items)))]
