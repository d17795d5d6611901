"""What a run in steps learns from, gathered once: drawing scenes and outliers takes longer than a small net's epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.vision.digits import NOT_A_DIGIT
from converters.data.augment import add_strokes, crop_and_normalise, enlarge
from converters.data.harvest import harvest_glyphs
from converters.data.isolated import learnable
from converters.data.labelled import LabelledGlyphs
from converters.data.mnist import load_mnist
from converters.data.outliers import draw_outlier
from converters.data.pictures import load_pictures
from converters.recipe import Mix
from converters.train.pool import Part, halves
from converters.train.rendered_scenes import Drawing, harvest_drawn

HELD_OUT = 5000
"""The last training images, which watch the training, set how readily a net rejects, and choose its seed."""
SEED = 0
"""Of what is drawn once: the same for all seeds of a recipe."""
MILD_STRENGTH = 0.45
"""A small net that sees mostly wild digits spends its few weights on them, and reads ordinary ones worse."""
CUT_OUT_STRENGTH, OUTLIER_STRENGTH, ISOLATED_STRENGTH = 0.4, 0.5, 0.7
"""How much glyphs are varied that a camera, drawn or real, has varied already; those drawn at random; and others'."""


@dataclass(frozen=True)
class Sources:
    """Where examples come from."""

    mnist: Path
    pictures: Path | None
    """A folder with `truth.json`, and maybe `.npz` files of isolated digits, or None."""
    fonts: Path | None
    """A folder with `hand` and `print`, or None."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """What to learn from, and what to be judged by."""

    parts: tuple[Part, ...]
    held_out: LabelledGlyphs
    test: LabelledGlyphs


def gather(mix: Mix, sources: Sources, drawn: Callable[[int], None]) -> Gathered:
    """Everything that a recipe's mix asks for.

    Args:
        mix: how much of what.
        sources: where from.
        drawn: told the number of scenes drawn, after each.

    Raises:
        DatasetError: a data set is missing or damaged.
    """
    learnt, held_out = split_digits(sources.mnist)
    test = labelled(*load_mnist(sources.mnist, "test"))
    rng = np.random.default_rng(SEED)
    parts = [Part(learnt, mix.plain, 0.0), Part(learnt, mix.mild, MILD_STRENGTH), Part(learnt, mix.varied, 1.0)]
    if mix.pictures and sources.pictures:
        parts += halves(harvest_glyphs(load_pictures(sources.pictures)), mix.pictures, CUT_OUT_STRENGTH)
    if mix.isolated and sources.pictures:
        parts.append(Part(learnable(sources.pictures), mix.isolated, ISOLATED_STRENGTH))
    if mix.stroked:
        parts.append(Part(_stroked(rng, learnt), mix.stroked, 1.0))
    if mix.outliers:
        images = np.stack([draw_outlier(rng, learnt.images) for _ in range(mix.outliers_drawn)])
        outliers = LabelledGlyphs(images, np.full(len(images), NOT_A_DIGIT, np.int64))
        parts.append(Part(outliers, mix.outliers, OUTLIER_STRENGTH))
    if mix.scenes:
        scenes = harvest_drawn(Drawing("classifier", learnt, sources.fonts, (SEED,)), mix.scenes_drawn, drawn)
        parts += halves(scenes, mix.scenes, CUT_OUT_STRENGTH)
    return Gathered(tuple(part for part in parts if part.count), held_out, test)


def split_digits(folder: Path) -> tuple[LabelledGlyphs, LabelledGlyphs]:
    """MNIST's training images: those to learn from, and those held out."""
    digits = labelled(*load_mnist(folder, "train"))
    cut = len(digits) - HELD_OUT
    return (
        LabelledGlyphs(digits.images[:cut], digits.labels[:cut]),
        LabelledGlyphs(digits.images[cut:], digits.labels[cut:]),
    )


def labelled(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> LabelledGlyphs:
    """MNIST's images and labels as labelled glyphs."""
    return LabelledGlyphs(images, labels.astype(np.int64))


def _stroked(rng: np.random.Generator, digits: LabelledGlyphs) -> LabelledGlyphs:
    """Ones and sevens as Europe writes them, where chance adds a stroke, and as they were where it does not."""
    rows = np.flatnonzero(np.isin(digits.labels, (1, 7)))
    labels = digits.labels[rows]
    images = [
        crop_and_normalise(add_strokes(rng, enlarge(image), label))
        for image, label in zip(digits.images[rows], labels.tolist(), strict=True)
    ]
    return LabelledGlyphs(np.stack(images), labels)
