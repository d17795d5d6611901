"""Candidates with their contexts that a verifier learns from in one epoch, mixed and augmented."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.vision.digits import NOT_A_DIGIT
from converters.data.augment import vary_context
from converters.data.labelled import LabelledImages, concatenate
from converters.recipe import VerifierRecipe


def mix_contexts(
    rng: np.random.Generator, recipe: VerifierRecipe, scenes: LabelledImages, pictures: LabelledImages
) -> LabelledImages:
    """Return the contexts of one epoch, augmented and in random order.

    Args:
        rng: random generator; the same state gives the same epoch.
        recipe: how many contexts of each source the epoch has.
        scenes: contexts from rendered scenes.
        pictures: contexts from real pictures; may be empty.
    """
    counts = recipe.scene_candidates_per_epoch, recipe.picture_candidates_per_epoch
    parts = [_balanced_sample(rng, pool, count) for pool, count in zip((scenes, pictures), counts, strict=True)]
    mixed = concatenate([part for part in parts if len(part)])
    varied = np.stack([vary_context(rng, context) for context in mixed.images])
    order = rng.permutation(len(mixed))
    return LabelledImages(varied[order], mixed.labels[order])


def _balanced_sample(rng: np.random.Generator, pool: LabelledImages, count: int) -> LabelledImages:
    """Return `count` images, half of them digits and half outliers. Their shares in the pool do not matter."""
    shows_digit = pool.labels != NOT_A_DIGIT
    # Choose rows before copying images: a pool takes gigabytes.
    rows = [_sample_rows(rng, np.flatnonzero(side), count // 2) for side in (shows_digit, ~shows_digit)]
    chosen = np.concatenate(rows)
    return LabelledImages(pool.images[chosen], pool.labels[chosen])


def _sample_rows(rng: np.random.Generator, rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return `count` of the rows, some of them twice only if there are too few."""
    return rows[rng.choice(len(rows), count, replace=count > len(rows))] if len(rows) else rows
