"""Read real pictures that no training used, and count which numbers are right as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.vision.page import Page
from converters.data.pictures import PictureTruth, load_labelled_picture, load_truth, training_pictures

CONFIDENT = 0.9
"""Smallest confidence of a picture that counts as confident, 0..1. Raising it counts fewer pictures. A round number."""

ReadPicture = Callable[[NDArray[np.uint8]], Page]
"""Function that takes a picture, BGR uint8 (H, W, 3), and returns the page that was read."""


@dataclass(frozen=True)
class PaperResult:
    """What was read on the pictures of one kind."""

    kind: str
    pictures: int
    right: int
    """Pictures on which all digits and nothing else were read."""
    empty: int
    """Pictures on which nothing was read."""
    confident: int
    """Pictures on which every number has a confidence of at least `CONFIDENT`."""
    confident_wrong: int
    """Number of the confident pictures that were not read right."""


def read_paper(
    read: ReadPicture, folders: Sequence[Path], progress: Callable[[str], None] = lambda _: None
) -> tuple[PaperResult, ...]:
    """Read the held-out pictures of folders, and count by folder and kind.

    Pictures with printed digits are left out: their lines do not say which digits are printed.

    Args:
        read: reads a picture.
        folders: folders with a `truth.json`.
        progress: called with a description of the next picture.

    Raises:
        DatasetError: a `truth.json` or a picture is missing or damaged.
    """
    pages: dict[str, list[tuple[Page, str]]] = defaultdict(list)
    for folder in folders:
        for name, truth in _held_out(folder):
            progress(f"{folder.name}: {name}")
            pages[f"{folder.name}: {truth.kind}"].append(
                (read(load_labelled_picture(folder, name)), "".join(truth.lines))
            )
    return tuple(_count(kind, found) for kind, found in pages.items())


def _held_out(folder: Path) -> Iterator[tuple[str, PictureTruth]]:
    labels = load_truth(folder)
    for name in sorted(labels.keys() - training_pictures(labels).keys()):
        if labels[name].lines and not labels[name].ignore:
            yield name, labels[name]


def _count(kind: str, pages: Sequence[tuple[Page, str]]) -> PaperResult:
    right = ["".join(reading.digits_text for reading in page.readings) == text for page, text in pages]
    confident = [bool(page.readings) and min(one.confidence for one in page.readings) >= CONFIDENT for page, _ in pages]
    return PaperResult(
        kind=kind,
        pictures=len(pages),
        right=sum(right),
        empty=sum(not page.readings for page, _ in pages),
        confident=sum(confident),
        confident_wrong=sum(sure and not correct for sure, correct in zip(confident, right, strict=True)),
    )
