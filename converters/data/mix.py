"""What one epoch learns from: digits and outliers, drawn anew, and candidates cut out of pictures, mixed anew."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from agent.vision.digits import NOT_A_DIGIT
from agent.vision.glyph import SIZE_PX
from converters.data.augment import vary_digit, vary_surroundings
from converters.data.labelled import LabelledGlyphs, concatenate
from converters.data.outliers import draw_outlier
from converters.recipe import ClassifierRecipe, VerifierRecipe


def mix_epoch(
    rng: np.random.Generator,
    recipe: ClassifierRecipe,
    mnist: LabelledGlyphs,
    scenes: LabelledGlyphs,
    pictures: LabelledGlyphs,
) -> LabelledGlyphs:
    """One epoch's glyphs in random order.

    Args:
        rng: where chance comes from; the same generator state gives the same epoch.
        recipe: how many of each kind.
        mnist: digits that may be learnt from.
        scenes: glyphs cut out of drawn scenes; may be empty.
        pictures: glyphs cut out of real pictures; may be empty.
    """
    varied = _vary(rng, _pick(rng, mnist, recipe.varied))
    outliers = _stack(draw_outlier(rng, mnist.images) for _ in range(recipe.outliers))
    real = _half_digits(rng, pictures, recipe.pictures)
    parts = [
        _pick(rng, mnist, recipe.plain),
        varied,
        LabelledGlyphs(outliers, np.full(len(outliers), NOT_A_DIGIT, np.int64)),
        _half_digits(rng, scenes, recipe.scenes),
        _vary(rng, real, 0.5),
    ]
    return _shuffled(rng, concatenate(parts))


def mix_surroundings(
    rng: np.random.Generator, recipe: VerifierRecipe, scenes: LabelledGlyphs, pictures: LabelledGlyphs
) -> LabelledGlyphs:
    """One epoch's surroundings in random order, each a little different every time.

    Args:
        rng: where chance comes from; the same generator state gives the same epoch.
        recipe: how many of each kind.
        scenes: cut out of drawn scenes.
        pictures: cut out of real pictures; may be empty.
    """
    parts = [_half_digits(rng, pool, count) for pool, count in ((scenes, recipe.scenes), (pictures, recipe.pictures))]
    every = concatenate([part for part in parts if len(part)])
    varied = np.stack([vary_surroundings(rng, windows) for windows in every.images])
    return _shuffled(rng, LabelledGlyphs(varied, every.labels))


def _shuffled(rng: np.random.Generator, glyphs: LabelledGlyphs) -> LabelledGlyphs:
    order = rng.permutation(len(glyphs))
    return LabelledGlyphs(glyphs.images[order], glyphs.labels[order])


def _pick(rng: np.random.Generator, pool: LabelledGlyphs, count: int) -> LabelledGlyphs:
    chosen = rng.choice(len(pool), count, replace=count > len(pool)) if len(pool) else np.zeros(0, int)
    return LabelledGlyphs(pool.images[chosen], pool.labels[chosen])


def _half_digits(rng: np.random.Generator, pool: LabelledGlyphs, count: int) -> LabelledGlyphs:
    """As many digits as outliers, whatever the pool's shares are."""
    shows_digit = pool.labels != NOT_A_DIGIT
    halves = (LabelledGlyphs(pool.images[side], pool.labels[side]) for side in (shows_digit, ~shows_digit))
    return concatenate([_pick(rng, half, count // 2) for half in halves])


def _vary(rng: np.random.Generator, glyphs: LabelledGlyphs, strength: float = 1.0) -> LabelledGlyphs:
    pairs = zip(glyphs.images, glyphs.labels.tolist(), strict=True)
    return LabelledGlyphs(_stack(vary_digit(rng, image, label, strength) for image, label in pairs), glyphs.labels)


def _stack(glyphs: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return np.array(list(glyphs), np.uint8).reshape(-1, SIZE_PX, SIZE_PX)
