"""Extract the candidates of rendered scenes and of real pictures. A scene takes 0.2 s, half of it to render."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from agent.vision.digits import NOT_A_DIGIT
from converters.checkpoint import SHIPPED, load, restore
from converters.data.extract import extract_contexts, extract_glyphs
from converters.data.labelled import LabelledImages, concatenate
from converters.data.pictures import PictureTruth, list_pictures, load_picture
from converters.data.scenes import Scene, draw_scene, load_fonts
from converters.nets.tensors import to_input
from converters.train.prepare import Job, Preparation

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
    """Seed of the run. The seed of a scene is this one, followed by the scene's number."""


def extract_rendered(
    settings: RenderSettings, count: int, preparation: Preparation, phase: str = "rendering scenes"
) -> LabelledImages:
    """Render scenes in parallel and extract their examples, in the order of the scenes' numbers.

    Args:
        settings: what to render.
        count: number of scenes.
        preparation: runs the work and keeps its results.
        phase: name of the phase.

    Raises:
        TrainingError: a process was killed.
        OutputError: the examples cannot be kept.
    """
    job = Job(phase, _render_one, settings, LabelledImages)
    return _join(preparation.run(job, [(number,) for number in range(count)]))


def extract_pictures(role: str, folders: Sequence[Path], preparation: Preparation) -> LabelledImages:
    """Extract the examples of the training pictures of folders, in parallel.

    Raises:
        DatasetError: a `truth.json` or a picture is missing or damaged.
        TrainingError: a process was killed.
        OutputError: the examples cannot be kept.
    """
    job = Job("cutting out digits of pictures", _extract_picture, role, LabelledImages)
    return _join(preparation.run(job, [picture for folder in folders for picture in list_pictures(folder)]))


def _join(parts: Sequence[LabelledImages]) -> LabelledImages:
    return concatenate([part for part in parts if len(part)])


def _render_one(settings: RenderSettings, number: int) -> LabelledImages:
    fonts = load_fonts(settings.fonts) if settings.fonts else None
    scene = draw_scene(np.random.default_rng((*settings.seed, number)), settings.digits, fonts)
    return EXTRACTORS[settings.role]([scene])


def _extract_picture(role: str, path: Path, truth: PictureTruth) -> LabelledImages:
    return EXTRACTORS[role]([load_picture(path, truth)])
