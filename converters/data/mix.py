"""What one epoch learns from: MNIST plain and varied, outliers, and glyphs of real pictures, mixed anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.vision.digits import NOT_A_DIGIT
from converters.data.augment import vary_digit
from converters.data.outliers import draw_outlier
from converters.train.recipe import Recipe


@dataclass(frozen=True, eq=False)
class LabelledGlyphs:
    """Glyphs and what they show."""

    images: NDArray[np.uint8]
    """uint8 (n, 28, 28), bright ink on 0."""
    labels: NDArray[np.int64]
    """int64 (n,), 0..9, or 10 for "not a digit"."""

    def __len__(self) -> int:
        return len(self.labels)


def mix_epoch(
    rng: np.random.Generator, recipe: Recipe, mnist: LabelledGlyphs, real: LabelledGlyphs | None = None
) -> LabelledGlyphs:
    """One epoch's glyphs in random order.

    Args:
        rng: where chance comes from; the same generator state gives the same epoch.
        recipe: how many of each kind.
        mnist: digits that may be learnt from.
        real: glyphs from real pictures, digits and outliers, or None.
    """
    plain = rng.choice(len(mnist), recipe.plain, replace=recipe.plain > len(mnist))
    varied = rng.choice(len(mnist), recipe.varied, replace=recipe.varied > len(mnist))
    images = [mnist.images[plain]]
    labels = [mnist.labels[plain], mnist.labels[varied], np.full(recipe.outliers, NOT_A_DIGIT, np.int64)]
    images.append(_stack(vary_digit(rng, mnist.images[i]) for i in varied))
    images.append(_stack(draw_outlier(rng, mnist.images) for _ in range(recipe.outliers)))
    if real is not None and recipe.real:
        picked = rng.choice(len(real), recipe.real)
        images.append(_stack(vary_digit(rng, real.images[i], 0.5) for i in picked))
        labels.append(real.labels[picked])
    order = rng.permutation(sum(map(len, labels)))
    return LabelledGlyphs(np.concatenate(images)[order], np.concatenate(labels)[order])


def _stack(glyphs: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return np.stack(list(glyphs))
