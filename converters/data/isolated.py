"""Isolated digits of other data sets: `.npz` files with `images`, uint8 (n, h, w), and `labels`, (n,).

Each picture shows one digit. It is read as the board reads a page: enlarged, segmented, and the largest candidate cut.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.candidates import find_page_candidates
from agent.vision.glyph import SIZE_PX, cut_glyph
from agent.vision.ink import find_ink
from agent.vision.pipeline import THOROUGH
from converters.data.labelled import LabelledImages, concatenate
from profiles.errors import DatasetError

BLOCK_SIZE = 50
"""Number of consecutive images in a block; training and held-out blocks alternate.

Neighbouring images often come from the same writer, so a block keeps them on the same side of the split.
"""
SCALE = 3
"""Factor by which a picture is enlarged before it is segmented. Chosen by trial."""
MARGIN = 2
"""Blank paper added on each side, as a multiple of the picture's size: on a page, digits are small."""
DAMAGE_ERRORS = (AttributeError, EOFError, cv2.error, zipfile.BadZipFile, zlib.error)
"""Further errors caused by other file formats; NumPy returns an array, not a mapping, for a renamed `.npy` file."""


def load_isolated(file: Path) -> tuple[LabelledImages, LabelledImages]:
    """Return a file's training digits and its held-out digits, as glyphs; a glyph is empty where no ink is found.

    Raises:
        DatasetError: the file cannot be read or has another format.
    """
    try:
        images, labels = _load_arrays(file)
        pairs = [(cut_digit(image), int(label)) for image, label in zip(images, labels, strict=True)]
    except (*DAMAGE_ERRORS, OSError, LookupError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{file} holds no images and labels ({error})", advice="move it elsewhere or copy it again"
        ) from error
    glyphs = np.array([glyph for glyph, _ in pairs], np.uint8).reshape(-1, SIZE_PX, SIZE_PX)
    digits = np.array([label for _, label in pairs], np.int64)
    training = np.arange(len(digits)) // BLOCK_SIZE % 2 == 0
    return LabelledImages(glyphs[training], digits[training]), LabelledImages(glyphs[~training], digits[~training])


def _load_arrays(file: Path) -> tuple[NDArray[np.uint8], NDArray[np.integer]]:
    content: Any
    with np.load(file, allow_pickle=False) as content:
        images, labels = np.asarray(content["images"]), np.asarray(content["labels"])
    if images.dtype != np.uint8 or not np.isin(labels, range(10)).all():
        raise ValueError(f"images of {images.dtype}, or labels other than 0 to 9")
    return images, labels


def load_training_half(folder: Path) -> LabelledImages:
    """Return the training digits of all `.npz` files in a folder."""
    return concatenate([load_isolated(file)[0] for file in sorted(folder.glob("*.npz"))])


def cut_digit(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the glyph of a picture with one digit, uint8 (28, 28); empty where no ink is found.

    Args:
        image: grey, uint8 (h, w), dark ink on bright paper.
    """
    h, w = image.shape
    paper = int(np.median(image))
    top, side = MARGIN * h, MARGIN * w
    padded = cv2.copyMakeBorder(image, top, top, side, side, cv2.BORDER_CONSTANT, value=paper)
    enlarged = cv2.resize(padded, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    ink = find_ink(np.asarray(cv2.cvtColor(enlarged, cv2.COLOR_GRAY2BGR), np.uint8), max(enlarged.shape))
    candidates = [candidate for factor in THOROUGH.threshold_factors for candidate in find_page_candidates(ink, factor)]
    if not candidates:
        return np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    return cut_glyph(ink, max(candidates, key=lambda candidate: candidate.area))
