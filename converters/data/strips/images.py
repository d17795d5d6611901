"""Pictures of single digits, cropped to their ink, to compose lines from."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters.data.labelled import LabelledImages

Gray = NDArray[np.uint8]

MIN_INK = 40
"""Ink below this is the paper of a photo. Raising it makes strokes thinner."""
HELD_OUT_STEP = 5
"""Every fifth photographed digit is held out. A split by writers is not possible: the data set does not name them."""


def crop_digits(digits: LabelledImages) -> dict[str, list[Gray]]:
    """Return pictures of digits cropped to their ink, by label."""
    images: dict[str, list[Gray]] = defaultdict(list)
    for image, label in zip(digits.images, digits.labels.tolist(), strict=True):
        rows, columns = np.flatnonzero(image.max(axis=1)), np.flatnonzero(image.max(axis=0))
        images[str(label)].append(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return images


def load_photographed_digits(folder: Path, *, held_out: bool) -> dict[str, list[Gray]]:
    """Load digits that were cut out of photos, bright ink on 0, by label; empty if the data set is missing.

    Args:
        folder: folder of handwriting; `bhmsds/bhmsds.npz` in it has `images`, uint8 (n, 28, 28), dark ink on white
            paper, and `labels`, names of the characters.
        held_out: whether to load the held-out digits instead of those for training.
    """
    file = folder / "bhmsds" / "bhmsds.npz"
    if not file.is_file():
        return {}
    with np.load(file) as data:
        images, labels = 255 - data["images"], data["labels"]
    images[images < MIN_INK] = 0
    chosen = (np.arange(len(labels)) % HELD_OUT_STEP == 0) == held_out
    chosen &= np.char.isdigit(labels) & images.any(axis=(1, 2))
    return crop_digits(LabelledImages(images[chosen], labels[chosen].astype(np.int64)))
