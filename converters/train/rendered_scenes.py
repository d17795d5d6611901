"""Render scenes and extract their candidates on all cores. A scene takes 0.1 s to render and 0.1 s to segment."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from agent.vision.digits import NOT_A_DIGIT
from converters.checkpoint import SHIPPED, load, restore
from converters.data.extract import extract_contexts, extract_glyphs
from converters.data.labelled import LabelledImages, concatenate
from converters.data.scenes import Scene, draw_scene, load_fonts
from converters.nets.tensors import to_input
from profiles.errors import TrainingError

MIN_REJECTION_PROBABILITY = 0.7
"""Probability of "not a digit" from which the prefilter rejects a glyph.

It is high because another classifier may accept what this one rejects. A higher value passes more candidates to the
verifier. Chosen by trial.
"""


def passes_prefilter(glyphs: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which glyphs the prefilter passes on to the verifier.

    Args:
        glyphs: uint8 (n, 28, 28).

    Returns:
        bool (n,).
    """
    with torch.no_grad():
        probabilities = torch.softmax(_smallest_classifier()(to_input(glyphs)), dim=1)
    return (probabilities[:, NOT_A_DIGIT] < MIN_REJECTION_PROBABILITY).numpy()


@lru_cache(maxsize=1)
def _smallest_classifier() -> nn.Module:
    return restore(load(next(path for path in SHIPPED if path.stem == "nano")))


EXTRACTORS: Mapping[str, Callable[[Iterable[Scene]], LabelledImages]] = {
    "classifier": extract_glyphs,
    "verifier": partial(extract_contexts, prefilter=passes_prefilter),
}
"""Function that extracts the training examples of a role from scenes."""


@dataclass(frozen=True, eq=False)
class RenderSettings:
    """Settings for rendering scenes and extracting examples."""

    role: str
    """Role to extract examples for: "classifier" or "verifier"."""
    digits: LabelledImages
    """Digits to place in the scenes."""
    fonts: Path | None
    """Folder with fonts; None to use built-in letters only."""
    seed: tuple[int, ...]
    """Seed; a scene's own seed is this and its number."""


def extract_rendered(settings: RenderSettings, count: int, on_scene: Callable[[int], None]) -> LabelledImages:
    """Render scenes in parallel and extract their examples, in the order of the scenes' numbers.

    Args:
        settings: what to render.
        count: number of scenes.
        on_scene: called with the number of rendered scenes, after each scene.

    Raises:
        TrainingError: a process was killed.
    """
    parts = []
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(os.cpu_count(), context, initializer=_start, initargs=(settings,)) as workers:
            for number, part in enumerate(workers.map(_render_one, range(count), chunksize=8)):
                parts.append(part)
                on_scene(number + 1)
    except BrokenProcessPool as error:
        raise TrainingError("a process that rendered scenes was killed", advice="free memory and try again") from error
    return concatenate([part for part in parts if len(part)])


_settings: list[RenderSettings] = []
"""Settings of a worker process; one element."""


def _start(settings: RenderSettings) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _settings.append(settings)


def _render_one(number: int) -> LabelledImages:
    settings = _settings[0]
    fonts = load_fonts(settings.fonts) if settings.fonts else None
    scene = draw_scene(np.random.default_rng((*settings.seed, number)), settings.digits, fonts)
    return EXTRACTORS[settings.role]([scene])
