"""Cut the strips of real pictures and of rendered form fields on all cores. Each takes 0.1 s and more."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
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
from profiles.errors import TrainingError


@dataclass(frozen=True, eq=False)
class FieldSettings:
    """Settings for rendering form fields."""

    digits: LabelledImages
    """Digits to write into the fields."""
    fonts: Path | None
    """Folder with fonts; None to use built-in letters only."""
    seed: tuple[int, ...]
    """Seed; a field's own seed is this and its number."""


def cut_pictures(folders: Sequence[Path], *, held_out: bool) -> list[list[RealStrip]]:
    """Cut the strips of all pictures that have one line.

    Args:
        folders: folders with a `truth.json`.
        held_out: whether to take the held-out pictures instead of those for training.

    Returns:
        The strips of each picture.

    Raises:
        DatasetError: a `truth.json` or a picture is missing or damaged.
        TrainingError: a process was killed.
    """
    tasks = []
    for folder in folders:
        labels = load_truth(folder)
        training = training_pictures(labels)
        tasks += [
            (folder, name, truth)
            for name, truth in sorted(labels.items())
            if (name not in training) == held_out and _has_one_line(truth)
        ]
    return _run(_cut_picture, tasks, None, lambda _: None)


def cut_fields(settings: FieldSettings, count: int, on_field: Callable[[int], None]) -> list[list[RealStrip]]:
    """Render form fields and cut their strips.

    Args:
        settings: what to render.
        count: number of fields.
        on_field: called with the number of rendered fields, after each field.

    Returns:
        The strips of each field.

    Raises:
        TrainingError: a process was killed.
    """
    return _run(_cut_field, [(number,) for number in range(count)], settings, on_field)


def usual_size(strip: RealStrip) -> NDArray[np.uint8]:
    """Return the picture of a strip without variation, at the size that the board cuts, uint8 (2, 32, w)."""
    size = strip.image.shape[2] // ZOOM, HEIGHT_PX
    return np.array([cv2.resize(channel, size, interpolation=cv2.INTER_AREA) for channel in strip.image], np.uint8)


def _has_one_line(truth: PictureTruth) -> bool:
    """Whether a picture shows one line of digits and each digit has a box."""
    return len(truth.lines) == 1 and not truth.ignore and len(truth.boxes or ()) == len(truth.lines[0])


_settings: list[FieldSettings | None] = []
"""Settings of a worker process; one element."""


def _start(settings: FieldSettings | None) -> None:
    cv2.setNumThreads(1)
    _settings.append(settings)


def _run(
    cut: Callable[..., list[RealStrip]],
    tasks: Sequence[tuple[object, ...]],
    settings: FieldSettings | None,
    on_done: Callable[[int], None],
) -> list[list[RealStrip]]:
    """Call `cut` with each task, in parallel; return the results in the order of the tasks."""
    if not tasks:
        return []
    results = []
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(os.cpu_count(), context, initializer=_start, initargs=(settings,)) as workers:
            for number, strips in enumerate(workers.map(cut, *zip(*tasks, strict=True), chunksize=8)):
                results.append(strips)
                on_done(number + 1)
    except BrokenProcessPool as error:
        raise TrainingError("a process that cut strips was killed", advice="free memory and try again") from error
    return results


def _cut_picture(folder: Path, name: str, truth: PictureTruth) -> list[RealStrip]:
    boxes = [Box(*row[1:]) for row in truth.boxes or ()]
    rng = np.random.default_rng(list(name.encode()))
    return list(cut_real_strips(rng, load_labelled_picture(folder, name), boxes, truth.lines[0]))


def _cut_field(number: int) -> list[RealStrip]:
    settings = _settings[0]
    assert settings is not None
    rng = np.random.default_rng((*settings.seed, number))
    fonts = load_fonts(settings.fonts) if settings.fonts else None
    field = draw_field(rng, random_field_style(rng), settings.digits, fonts)
    boxes = [box for _, box in field.scene.digits]
    return list(cut_real_strips(rng, field.scene.image, boxes, field.written, CHARACTERS.index(LETTERS)))
