"""Real pictures of numbers on paper that no net learns from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.vision.box import Box, union
from agent.vision.digits import Digit
from agent.vision.lines import group_lines
from benchmarks.numbers.case import Case
from converters.data.pictures import PictureTruth, load_labelled_picture, load_truth, training_pictures


def real_pictures(folder: Path) -> Iterator[Case]:
    """Yield the held-out pictures of a folder with a `truth.json`, by name.

    Raises:
        DatasetError: `truth.json` or a picture is missing or damaged.
    """
    labels = load_truth(folder)
    for name in held_out_names(folder):
        truth = labels[name]
        ignored = tuple(Box(*row[1:]) for row in truth.ignore)
        image, kind = load_labelled_picture(folder, name), f"{folder.name}: {truth.kind}"
        yield Case(kind, image, _text(truth), line=_only_line(truth), ignored=ignored)


def held_out_names(folder: Path) -> list[str]:
    """Return the names of the pictures of a folder that training does not use.

    Raises:
        DatasetError: `truth.json` is missing or damaged.
    """
    labels = load_truth(folder)
    return sorted(labels.keys() - training_pictures(labels).keys())


def _text(truth: PictureTruth) -> str:
    """Return the handwritten digits in reading order; `lines` holds the printed ones too."""
    if not truth.ignore or truth.boxes is None:
        return "".join(truth.lines)
    readings = group_lines([Digit(int(label), 1.0, Box(*box)) for label, *box in truth.boxes])
    return "".join(reading.digits_text for reading in readings)


def _only_line(truth: PictureTruth) -> Box | None:
    if len(truth.lines) != 1 or not truth.boxes:
        return None
    return union(Box(*row[1:]) for row in truth.boxes)
