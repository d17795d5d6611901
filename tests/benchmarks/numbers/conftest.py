"""Pen strokes of a few writers, in shapes that people write."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from converters.data.scenes.stroke_templates import DIGIT_TEMPLATES
from converters.data.strokes import is_held_out

SIGN_STROKES = {
    ".": "0 0 3 3", ",": "4 0 0 10", "'": "4 0 0 10", "-": "0 0 40 0", "/": "60 0 0 100", ":": "0 0 3 3 | 0 40 3 43",
    "(": "20 0 0 50 20 100", ")": "0 0 20 50 0 100", "$": "60 10 0 30 60 70 0 90 | 30 -10 30 110",
    "%": "60 0 0 100 | 0 0 10 0 | 50 90 60 90", "+": "0 30 60 30 | 30 0 30 60", "#": "0 0 9 9",
}  # fmt: skip
LETTER_STROKES = {"a": "0 40 40 40 20 0 0 40", "X": "0 0 60 100 | 60 0 0 100"}


def held_out_writer(data_set: str) -> int:
    """The number of the first writer of a data set who is held out."""
    return next(number for number in count() if is_held_out(f"{data_set}-{number}"))


def strokes_of(template: str) -> list[NDArray[np.float64]]:
    values = [np.array(stroke.replace("/", " ").split(), np.float64) * 10 for stroke in template.split("|")]
    return [points.reshape(-1, 2) for points in values]


def write_items(file: Path, items: Sequence[tuple[str, int, Sequence[NDArray[np.float64]]]]) -> None:
    """Write items with label, writer and strokes as `load_pen_items` reads them."""
    file.parent.mkdir(exist_ok=True)
    strokes = [stroke for _, _, one in items for stroke in one]
    np.savez(
        file,
        points=np.concatenate(strokes).astype(np.int16),
        stroke_points=np.array([len(stroke) for stroke in strokes], np.int16),
        strokes=np.array([len(one) for _, _, one in items], np.int16),
        labels=np.array([label for label, _, _ in items]),
        writer=np.array([writer for _, writer, _ in items], np.int16),
    )


def side_by_side(characters: str) -> list[NDArray[np.float64]]:
    shapes = [strokes_of(DIGIT_TEMPLATES[int(c)][0] if c.isdigit() else SIGN_STROKES[c]) for c in characters]
    return [stroke + np.array((900.0 * index, 0)) for index, shape in enumerate(shapes) for stroke in shape]


@pytest.fixture(scope="session")
def handwriting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pen strokes by one held-out writer of each data set, and by one who is not held out."""
    folder = tmp_path_factory.mktemp("handwriting")
    for data_set in ("unipen", "pendigits"):
        learnt_from = next(islice((n for n in count() if not is_held_out(f"{data_set}-{n}")), 1))
        writers = held_out_writer(data_set), learnt_from
        digits = [(str(d), w, strokes_of(DIGIT_TEMPLATES[d][0])) for w in writers for d in range(10)]
        write_items(folder / data_set / ("digits.npz" if data_set == "unipen" else "pendigits.npz"), digits)
        if data_set == "unipen":
            dash = strokes_of(SIGN_STROKES["-"])
            write_items(folder / "unipen/digits.npz", [*digits, ("1", writers[0], dash)])
            signs = [(sign, w, strokes_of(shape)) for w in writers for sign, shape in SIGN_STROKES.items()]
            write_items(folder / "unipen/symbols.npz", signs)
            letters = [(letter, w, strokes_of(shape)) for w in writers for letter, shape in LETTER_STROKES.items()]
            write_items(folder / "unipen/letters.npz", letters)
            write_items(folder / "unipen/capitals.npz", letters)
            write_items(folder / "unipen/words.npz", [("aXa", w, side_by_side("4+1")) for w in writers])
            labels = ("42", "27/11", "3#4", "1 2", "123456789012345678901")
            numbers = [(label, w, side_by_side(label.replace(" ", ""))) for w in writers for label in labels]
            write_items(folder / "unipen/number_strings.npz", numbers)
    return folder
