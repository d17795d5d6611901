"""Pen strokes of many writers, from files of UNIPEN and pendigits.

A file is a NumPy archive with `points` (int16 x, y; y grows downwards), `stroke_points` (number of points of each
stroke), `strokes` (number of strokes of each item), `labels` and `writer` (a number). The longer side of an item is
1000 units; of a string or word it is 4000.
"""

from __future__ import annotations

import hashlib
import math
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

MIN_TURN = 1.15
"""A digit other than 1 in one stroke is at least this many times longer than the diagonal of its box. Raising it leaves
more out. Seen in training writers: straight lines have 1.00 to 1.11. A 2 of UNIPEN and six 4s of pendigits that look
like an S have less than this, and are left out as well."""
MAX_TURN_OF_CORNER = 1.5
"""A 4 in one stroke is a piece, shaped like an L, if it is shorter than this many diagonals and ends low after a corner
at the lower left. Raising it leaves more out. Seen in the same data: such pieces have up to 1.48."""
MAX_ASPECT_OF_1 = 1.8
"""Largest width of a 1 in heights. A wider one is a dash."""

DAMAGE_ERRORS = (AttributeError, EOFError, TypeError, zipfile.BadZipFile, zlib.error)
"""Further errors of NumPy if a file is damaged or of another format."""

DIGITS = frozenset("0123456789")
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
    """Load all items of a file but pieces of digits; writers of the same `data_set` have the same numbers.

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
    items = (
        PenItem(str(label), f"{data_set}-{writer}", tuple(strokes[end - count : end]))
        for label, writer, end, count in zip(labels, writers, ends, counts.tolist(), strict=True)
    )
    return [item for item in items if not is_piece(item)]


def is_piece(item: PenItem) -> bool:
    """Whether an item with the label of a digit is only a piece of it.

    Some writers of UNIPEN lifted the pen within a digit, and their files label each stroke: the slash of a 0, the flag
    of a 1, and the two strokes of a 4. Items that are not single digits are never pieces.
    """
    if len(item.strokes) != 1 or item.label not in DIGITS:
        return False
    (stroke,) = item.strokes
    w, h = np.ptp(stroke, axis=0).tolist()
    if item.label == "1":
        return bool(w > MAX_ASPECT_OF_1 * h)
    turn = float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum()) / max(1.0, math.hypot(w, h))
    return turn < MIN_TURN or (item.label == "4" and turn < MAX_TURN_OF_CORNER and _is_corner(stroke))


def _is_corner(stroke: Stroke) -> bool:
    """Whether a stroke goes through the lower left of its box, and ends low."""
    x, y = ((stroke - stroke.min(axis=0)) / np.maximum(1, np.ptp(stroke, axis=0))).T
    return bool(y[-1] > 0.8 and np.any((x < 0.3) & (y > 0.8)))


def is_held_out(writer: str) -> bool:
    """Whether the items of a writer are kept for evaluation."""
    return int(hashlib.sha256(writer.encode()).hexdigest(), 16) % HELD_OUT_ONE_IN == 0
