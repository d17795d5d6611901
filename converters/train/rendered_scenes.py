"""Candidates out of drawn scenes, on all cores: a scene takes a tenth of a second to draw, and as long to segment."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from converters.data.harvest import harvest_glyphs, harvest_surroundings
from converters.data.labelled import LabelledGlyphs, concatenate
from converters.data.scenes import Scene, draw_scene, load_fonts
from converters.train.prefilter import lets_through
from profiles.errors import TrainingError

HARVESTS: Mapping[str, Callable[[Iterable[Scene]], LabelledGlyphs]] = {
    "classifier": harvest_glyphs,
    "verifier": partial(harvest_surroundings, lets_through=lets_through),
}
"""For each role, what it learns from in scenes."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """What scenes are drawn with, and what for."""

    role: str
    """Whose candidates are wanted: "classifier" or "verifier"."""
    digits: LabelledGlyphs
    """What may stand in the scenes."""
    fonts: Path | None
    seed: tuple[int, ...]
    """A scene's own seed is this and its number."""


def harvest_drawn(drawing: Drawing, count: int, drawn: Callable[[int], None]) -> LabelledGlyphs:
    """The candidates of so many drawn scenes, in the order of their numbers whatever core drew them.

    Args:
        drawing: what to draw.
        count: of scenes.
        drawn: told the number of scenes drawn, after each.

    Raises:
        TrainingError: a process died.
    """
    parts = []
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(os.cpu_count(), context, initializer=_begin, initargs=(drawing,)) as workers:
            for number, part in enumerate(workers.map(_harvest_one, range(count), chunksize=8)):
                parts.append(part)
                drawn(number + 1)
    except BrokenProcessPool as error:
        raise TrainingError("a process that drew scenes was killed; free memory and try again") from error
    return concatenate([part for part in parts if len(part)])


_drawing: list[Drawing] = []
"""In a worker: what it draws."""


def _begin(drawing: Drawing) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _drawing.append(drawing)


def _harvest_one(number: int) -> LabelledGlyphs:
    drawing = _drawing[0]
    fonts = load_fonts(drawing.fonts) if drawing.fonts else None
    scene = draw_scene(np.random.default_rng((*drawing.seed, number)), drawing.digits, fonts)
    return HARVESTS[drawing.role]([scene])
