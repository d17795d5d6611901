"""Pen strokes of many writers, from files of UNIPEN and pendigits.

A file is a NumPy archive with `points` (int16 x, y; y grows downwards), `stroke_points` (number of points of each
stroke), `strokes` (number of strokes of each item), `labels` and `writer` (a number). The longer side of an item is
1000 units; of a string or word it is 4000.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from profiles.errors import DatasetError

HELD_OUT_ONE_IN = 5
"""One of this many writers is held out for evaluation. A checksum of the names of the file and the writer chooses."""

DAMAGE_ERRORS = (AttributeError, EOFError, TypeError, zipfile.BadZipFile, zlib.error)
"""Further errors of NumPy if a file is damaged or of another format."""

Stroke = NDArray[np.float32]
"""Points of a pen stroke, float32 (n, 2): x and y, y growing downwards."""


@dataclass(frozen=True, eq=False)
class PenItem:
    """A character, number or word that somebody wrote."""

    label: str
    writer: str
    """Name of the data set, and the writer's number in it."""
    strokes: tuple[Stroke, ...]


def load_pen_items(file: Path, data_set: str) -> list[PenItem]:
    """Load all items of a file; writers of the same `data_set` have the same numbers.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    try:
        with file.open("rb") as opened, np.load(opened) as archive:
            points, lengths = archive["points"].astype(np.float32), archive["stroke_points"].astype(np.int64)
            counts, labels, writers = archive["strokes"].astype(np.int64), archive["labels"], archive["writer"]
    except (*DAMAGE_ERRORS, OSError, KeyError, ValueError) as error:
        raise DatasetError(f"{file} cannot be read ({error})", advice="copy the data set again") from error
    strokes: Sequence[Stroke] = np.split(points, np.cumsum(lengths)[:-1])
    ends = np.cumsum(counts).tolist()
    return [
        PenItem(str(label), f"{data_set}-{writer}", tuple(strokes[end - count : end]))
        for label, writer, end, count in zip(labels, writers, ends, counts.tolist(), strict=True)
    ]


def is_held_out(writer: str) -> bool:
    """Whether the items of a writer are kept for evaluation."""
    return int(hashlib.sha256(writer.encode()).hexdigest(), 16) % HELD_OUT_ONE_IN == 0
