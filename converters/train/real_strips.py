"""Cut the strips of real pictures and of rendered form fields. Each takes 0.1 s and more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.line_text import CHARACTERS, LETTERS
from agent.vision.strip import HEIGHT_PX
from converters.data.labelled import LabelledImages
from converters.data.pictures import PictureTruth, load_labelled_picture, load_truth, training_pictures
from converters.data.scenes import load_fonts
from converters.data.scenes.fields import draw_field, random_field_style
from converters.data.strips.real import ZOOM, RealStrip, cut_real_strips
from converters.train.prepare import Job, Preparation


@dataclass(frozen=True, eq=False)
class FieldSettings:
    """Settings for rendering form fields."""

    digits: LabelledImages
    """Digits to write into the fields."""
    fonts: Path | None
    """Folder with fonts; None to use built-in letters only."""
    seed: tuple[int, ...]
    """Seed of the run. The seed of a field is this one, followed by the field's number."""


def cut_pictures(folders: Sequence[Path], preparation: Preparation, *, held_out: bool) -> list[list[RealStrip]]:
    """Cut the strips of all pictures that have one line.

    Args:
        folders: folders with a `truth.json`.
        preparation: runs the work and keeps its results.
        held_out: whether to take the held-out pictures instead of those for training.

    Returns:
        The strips of each picture.

    Raises:
        DatasetError: a `truth.json` or a picture is missing or damaged.
        TrainingError: a process was killed.
        OutputError: the strips cannot be kept.
    """
    tasks = []
    for folder in folders:
        labels = load_truth(folder)
        training = training_pictures(labels)
        tasks += [
            (folder / name, truth)
            for name, truth in sorted(labels.items())
            if (name not in training) == held_out and _has_one_line(truth)
        ]
    phase = "cutting lines of held-out pictures" if held_out else "cutting lines of pictures"
    return preparation.run(Job(phase, _cut_picture, None, list[RealStrip]), tasks)


def cut_fields(
    settings: FieldSettings, count: int, preparation: Preparation, phase: str = "rendering form fields"
) -> list[list[RealStrip]]:
    """Render form fields and cut their strips.

    Args:
        settings: what to render.
        count: number of fields.
        preparation: runs the work and keeps its results.
        phase: name of the phase.

    Returns:
        The strips of each field.

    Raises:
        TrainingError: a process was killed.
        OutputError: the strips cannot be kept.
    """
    return preparation.run(Job(phase, _cut_field, settings, list[RealStrip]), [(number,) for number in range(count)])


def usual_size(strip: RealStrip) -> NDArray[np.uint8]:
    """Return the picture of a strip without variation, at the size that the board cuts, uint8 (2, 32, w)."""
    size = strip.image.shape[2] // ZOOM, HEIGHT_PX
    return np.array([cv2.resize(channel, size, interpolation=cv2.INTER_AREA) for channel in strip.image], np.uint8)


def _has_one_line(truth: PictureTruth) -> bool:
    """Whether a picture shows one line of digits and each digit has a box."""
    return len(truth.lines) == 1 and not truth.ignore and len(truth.boxes or ()) == len(truth.lines[0])


def _cut_picture(_: None, path: Path, truth: PictureTruth) -> list[RealStrip]:
    boxes = [Box(*row[1:]) for row in truth.boxes or ()]
    rng = np.random.default_rng(list(path.name.encode()))
    return list(cut_real_strips(rng, load_labelled_picture(path.parent, path.name), boxes, truth.lines[0]))


def _cut_field(settings: FieldSettings, number: int) -> list[RealStrip]:
    rng = np.random.default_rng((*settings.seed, number))
    fonts = load_fonts(settings.fonts) if settings.fonts else None
    field = draw_field(rng, random_field_style(rng), settings.digits, fonts)
    boxes = [box for _, box in field.scene.digits]
    return list(cut_real_strips(rng, field.scene.image, boxes, field.written, CHARACTERS.index(LETTERS)))
