"""Single digits of pen strokes, as glyphs like those of MNIST: other shapes than there, such as a 0 with a slash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.drawing.strokes import draw_strokes
from converters.data.augment import crop_and_normalise
from converters.data.labelled import LabelledImages
from converters.data.strokes import PenItem, is_held_out, load_pen_items

HEIGHT_PX = 56
"""Height at which the strokes are drawn, before they are reduced to a glyph. Raising it takes longer."""
PEN_WIDTHS = (0.05, 0.13)
"""Thinnest and thickest pen, in heights of a digit."""
MAX_ASPECT = 1.8
"""Largest width of a digit in heights. What is wider is a dash with the label of a digit."""


def load_pen_digits(folder: Path, rng: np.random.Generator) -> LabelledImages:
    """Draw the digits of all training writers, each with a random pen.

    Args:
        folder: folder with `unipen` and `pendigits`.
        rng: random generator; the same state gives the same glyphs.

    Raises:
        DatasetError: a file is missing or damaged.
    """
    items = [
        item
        for name in ("unipen/digits", "pendigits/pendigits")
        for item in load_pen_items(folder / f"{name}.npz", name.partition("/")[0])
        if not is_held_out(item.writer) and _is_digit(item)
    ]
    labels = np.array([int(item.label) for item in items], np.int64)
    return LabelledImages(np.stack([_draw(rng, item) for item in items]), labels)


def _is_digit(item: PenItem) -> bool:
    w, h = np.ptp(np.concatenate(item.strokes), axis=0)
    return bool(0 < w <= MAX_ASPECT * h or item.label == "1")


def _draw(rng: np.random.Generator, item: PenItem) -> NDArray[np.uint8]:
    """Return a glyph, uint8 (28, 28)."""
    scale = HEIGHT_PX / max(1.0, *np.ptp(np.concatenate(item.strokes), axis=0).tolist())
    strokes = [stroke.astype(np.float64) * scale for stroke in item.strokes]
    return crop_and_normalise(draw_strokes(rng, strokes, float(rng.uniform(*PEN_WIDTHS)) * HEIGHT_PX)[0])
