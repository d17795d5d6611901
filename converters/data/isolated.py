"""Digits that others have cut out, one a picture: `.npz` files with `images`, uint8 (n, h, w), and `labels`, (n,).

They are read as the board reads a page: enlarged, their ink found, and the largest candidate cut out.
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
from agent.vision.cut import cut_glyph
from agent.vision.glyph import SIZE_PX
from agent.vision.ink import find_ink
from agent.vision.page import THOROUGH
from converters.data.labelled import LabelledGlyphs, concatenate
from profiles.errors import DatasetError

BLOCK = 50
"""One block of so many is learnt from, the next is kept to judge with, and so on: neighbours are often of one hand."""
ENLARGED = 3
MARGIN = 2
"""Paper on each side, in pictures: on a page a digit is far smaller than the page."""
DAMAGED = (AttributeError, EOFError, cv2.error, zipfile.BadZipFile, zlib.error)
"""What else comes of files of something else: for a renamed `.npy` NumPy gives an array, not a mapping."""


def load_isolated(file: Path) -> tuple[LabelledGlyphs, LabelledGlyphs]:
    """Half of a file's digits to learn from, and the other half to judge with; where no ink is found a glyph is empty.

    Raises:
        DatasetError: it is no such file.
    """
    try:
        images, labels = _arrays(file)
        pairs = [(cut(image), int(label)) for image, label in zip(images, labels, strict=True)]
    except (*DAMAGED, OSError, LookupError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{file} holds no images and labels ({error}); move it elsewhere or copy it again"
        ) from error
    glyphs = np.array([glyph for glyph, _ in pairs], np.uint8).reshape(-1, SIZE_PX, SIZE_PX)
    told = np.array([label for _, label in pairs], np.int64)
    learnt = np.arange(len(told)) // BLOCK % 2 == 0
    return LabelledGlyphs(glyphs[learnt], told[learnt]), LabelledGlyphs(glyphs[~learnt], told[~learnt])


def _arrays(file: Path) -> tuple[NDArray[np.uint8], NDArray[np.integer]]:
    content: Any
    with np.load(file, allow_pickle=False) as content:
        images, labels = np.asarray(content["images"]), np.asarray(content["labels"])
    if images.dtype != np.uint8 or not np.isin(labels, range(10)).all():
        raise ValueError(f"images of {images.dtype}, or labels other than 0 to 9")
    return images, labels


def learnable(folder: Path) -> LabelledGlyphs:
    """What may be learnt from all such files of a folder."""
    return concatenate([load_isolated(file)[0] for file in sorted(folder.glob("*.npz"))])


def cut(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The glyph of a picture with one digit, uint8 (28, 28); empty where nothing stands out.

    Args:
        image: grey, uint8 (h, w), dark ink on pale paper.
    """
    h, w = image.shape
    paper = int(np.median(image))
    top, side = MARGIN * h, MARGIN * w
    padded = cv2.copyMakeBorder(image, top, top, side, side, cv2.BORDER_CONSTANT, value=paper)
    large = cv2.resize(padded, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    ink = find_ink(np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), np.uint8), max(large.shape))
    candidates = [candidate for factor in THOROUGH.levels for candidate in find_page_candidates(ink, factor)]
    if not candidates:
        return np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    return cut_glyph(ink, max(candidates, key=lambda candidate: candidate.area))
