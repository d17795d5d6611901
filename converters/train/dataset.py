"""Load and render the examples that a classifier's recipe asks for.

This is done once for all seeds, because rendering takes longer than an epoch of a small net.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.vision.digits import NOT_A_DIGIT
from converters.data.augment import add_strokes, crop_and_normalise, enlarge
from converters.data.isolated import load_training_half
from converters.data.labelled import LabelledImages, concatenate
from converters.data.mnist import load_mnist
from converters.data.outliers import draw_outlier
from converters.data.pen_digits import load_pen_digits
from converters.recipe import ClassifierRecipe
from converters.train.phase import Phase
from converters.train.pool import PoolPart, balanced_parts
from converters.train.prepare import Preparation
from converters.train.rendered_scenes import RenderSettings, extract_pictures, extract_rendered

HELD_OUT = 5000
"""Number of MNIST's training images that are held out, the last ones.

They watch the training, calibrate the net, and decide which seed ships.
"""
RENDER_SEED = 0
"""Seed of everything that is rendered once. It is the same for all seeds of a recipe."""
MILD_STRENGTH = 0.45
"""Strength of weak augmentation of MNIST digits; 1 is full strength.

A small net that learns mostly from strongly augmented digits reads ordinary ones worse. Chosen by trial.
"""
CANDIDATE_STRENGTH = 0.4
"""Strength of augmentation of candidates, which a real or simulated camera has already changed. Chosen by trial."""
OUTLIER_STRENGTH = 0.5
"""Strength of the augmentation of rendered outliers. It is low because they are random already. Chosen by trial."""
ISOLATED_STRENGTH = 0.7
"""Strength of augmentation of isolated digits from other data sets, and of pen strokes. Chosen by trial."""


@dataclass(frozen=True)
class Sources:
    """Folders that examples come from."""

    mnist: Path
    pictures: tuple[Path, ...] = ()
    """Folders with `truth.json`, and perhaps `.npz` files of isolated digits; empty without real pictures."""
    fonts: Path | None = None
    """Folder with the folders `hand` and `print`; None to use built-in letters only."""
    handwriting: Path | None = None
    """Folder with the pen strokes of `unipen` and `pendigits`; a recogniser needs it, others can do without."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training, held-out and test examples."""

    parts: tuple[PoolPart, ...]
    held_out: LabelledImages
    test: LabelledImages


def load_dataset(recipe: ClassifierRecipe, sources: Sources, preparation: Preparation) -> Dataset:
    """Load and render everything that a recipe asks for.

    Args:
        recipe: numbers of examples of each kind.
        sources: folders with examples.
        preparation: prepares the candidates of pictures and of rendered scenes.

    Raises:
        DatasetError: a data set is missing or damaged.
        TrainingError: a process was killed.
        OutputError: the examples cannot be kept.
    """
    mix = recipe.glyphs_per_epoch
    training, held_out = load_training_split(sources.mnist)
    test = _labelled(*load_mnist(sources.mnist, "test"))
    rng = np.random.default_rng(RENDER_SEED)
    parts = [
        PoolPart(training, mix.original, 0.0),
        PoolPart(training, mix.mildly_augmented, MILD_STRENGTH),
        PoolPart(training, mix.augmented, 1.0),
    ]
    if mix.picture_candidates and sources.pictures:
        candidates = extract_pictures("classifier", sources.pictures, preparation)
        parts += balanced_parts(candidates, mix.picture_candidates, CANDIDATE_STRENGTH)
    if mix.isolated_digits and sources.pictures:
        isolated = concatenate([load_training_half(folder) for folder in sources.pictures])
        parts.append(PoolPart(isolated, mix.isolated_digits, ISOLATED_STRENGTH))
    pen_digits = load_pen_digits_of(sources)
    if mix.pen_digits:
        parts.append(PoolPart(pen_digits, mix.pen_digits, ISOLATED_STRENGTH))
    if mix.extra_strokes:
        parts.append(PoolPart(_add_extra_strokes(rng, training), mix.extra_strokes, 1.0))
    if mix.outliers:
        outliers = _draw_outliers(rng, training, recipe.rendered_outliers, preparation)
        parts.append(PoolPart(outliers, mix.outliers, OUTLIER_STRENGTH))
    if mix.scene_candidates:
        settings = RenderSettings("classifier", concatenate([training, pen_digits]), sources.fonts, (RENDER_SEED,))
        candidates = extract_rendered(settings, recipe.rendered_scenes, preparation)
        parts += balanced_parts(candidates, mix.scene_candidates, CANDIDATE_STRENGTH)
    return Dataset(tuple(part for part in parts if part.count), held_out, test)


def load_pen_digits_of(sources: Sources) -> LabelledImages:
    """Draw the digits of the training writers; none if there is no folder of handwriting.

    Raises:
        DatasetError: a file is missing or damaged.
    """
    if sources.handwriting is None:
        return concatenate([])
    return load_pen_digits(sources.handwriting, np.random.default_rng(RENDER_SEED))


def load_training_split(folder: Path) -> tuple[LabelledImages, LabelledImages]:
    """Load MNIST's training images: those to learn from, and the held-out ones.

    Raises:
        DatasetError: MNIST is missing or damaged.
    """
    digits = _labelled(*load_mnist(folder, "train"))
    cut = len(digits) - HELD_OUT
    return (
        LabelledImages(digits.images[:cut], digits.labels[:cut]),
        LabelledImages(digits.images[cut:], digits.labels[cut:]),
    )


def _labelled(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> LabelledImages:
    return LabelledImages(images, labels.astype(np.int64))


def _draw_outliers(
    rng: np.random.Generator, digits: LabelledImages, count: int, preparation: Preparation
) -> LabelledImages:
    """Draw outliers in this process, because all are drawn with one random generator."""
    images = []
    for number in range(count):
        images.append(draw_outlier(rng, digits.images))
        preparation.on_phase(Phase("drawing outliers", number + 1, count))
    return LabelledImages(np.stack(images), np.full(count, NOT_A_DIGIT, np.int64))


def _add_extra_strokes(rng: np.random.Generator, digits: LabelledImages) -> LabelledImages:
    """Copy ones and sevens, half of them with a flag or a bar as in European handwriting."""
    rows = np.flatnonzero(np.isin(digits.labels, (1, 7)))
    labels = digits.labels[rows]
    images = [
        crop_and_normalise(add_strokes(rng, enlarge(image), label))
        for image, label in zip(digits.images[rows], labels.tolist(), strict=True)
    ]
    return LabelledImages(np.stack(images), labels)
