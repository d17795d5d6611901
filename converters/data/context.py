"""What one epoch of a verifier learns from: candidates with their surroundings, mixed and varied anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.vision.digits import NOT_A_DIGIT
from converters.data.augment import vary_surroundings
from converters.data.labelled import LabelledGlyphs, concatenate
from converters.recipe import VerifierRecipe


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
    order = rng.permutation(len(every))
    return LabelledGlyphs(varied[order], every.labels[order])


def _half_digits(rng: np.random.Generator, pool: LabelledGlyphs, count: int) -> LabelledGlyphs:
    """As many digits as outliers, whatever the pool's shares are."""
    shows_digit = pool.labels != NOT_A_DIGIT
    # Rows are chosen before anything is copied: a pool takes gigabytes.
    rows = [_choose(rng, np.flatnonzero(side), count // 2) for side in (shows_digit, ~shows_digit)]
    chosen = np.concatenate(rows)
    return LabelledGlyphs(pool.images[chosen], pool.labels[chosen])


def _choose(rng: np.random.Generator, rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    return rows[rng.choice(len(rows), count, replace=count > len(rows))] if len(rows) else rows
