"""Epochs from a pool of glyphs, and augmentation of batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from converters.data.labelled import LabelledImages
from converters.export.golden import varied_inputs
from converters.train.digit_augmentation import augment_batch
from converters.train.pool import GlyphPool, PoolPart, balanced_parts

GLYPHS = varied_inputs("classifier", 40)
LABELS = np.arange(40, dtype=np.int64) % 11
CPU = torch.device("cpu")


def pool(batch_size: int = 8) -> GlyphPool:
    original = PoolPart(LabelledImages(GLYPHS[:30], LABELS[:30]), 24, 0.0)
    return GlyphPool([original, PoolPart(LabelledImages(GLYPHS[30:], LABELS[30:]), 16, 1.0)], batch_size, CPU)


def test_an_epoch_has_the_counts_of_its_parts_in_full_batches() -> None:
    batches = list(pool().epoch((1, 2)))
    assert len(batches) == pool().batches_per_epoch == 5
    assert all(batch.inputs.shape == (8, 1, 28, 28) and len(batch.labels) == 8 for batch in batches)
    inputs = torch.cat([batch.inputs for batch in batches])[:, 0]
    known = {(glyph / np.float32(255)).tobytes() for glyph in GLYPHS[:30]}
    unchanged = sum((row * 255).round().div(255).numpy().tobytes() in known for row in inputs)
    assert unchanged >= 24


def test_the_same_seed_gives_the_same_epoch() -> None:
    first, again, other = (next(pool().epoch((1, seed))).inputs for seed in (2, 2, 3))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_sample_has_the_type_of_glyphs() -> None:
    sample = pool().sample((5,), 20)
    assert sample.shape == (20, 28, 28)
    assert sample.dtype == np.uint8
    assert sample.max() > 200


def test_balanced_parts_have_as_many_outliers_as_digits() -> None:
    parts = balanced_parts(LabelledImages(GLYPHS, LABELS), 12, 0.5)
    assert [part.count for part in parts] == [6, 6]
    assert set(parts[0].glyphs.labels) == set(range(10))
    assert set(parts[1].glyphs.labels) == {10}


def test_augmentation_at_strength_0_changes_nothing() -> None:
    glyphs = torch.tensor(GLYPHS[:8])
    strengths = torch.tensor([0.0, 1.0] * 4)
    augmented = augment_batch(glyphs, strengths, torch.Generator().manual_seed(0))[:, 0]
    difference = (augmented - glyphs / 255).abs().mean(dim=(1, 2))
    assert difference[::2].max() < 1e-5
    assert difference[1::2].min() > 0.01
    assert 0 <= augmented.min() <= augmented.max() <= 1


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_augmentation_keeps_most_ink_in_the_image(strength: float) -> None:
    glyphs = torch.tensor(GLYPHS).repeat(10, 1, 1)
    augmented = augment_batch(glyphs, torch.full((400,), strength), torch.Generator().manual_seed(1))
    ratio = augmented.mean() / (glyphs / 255).mean()
    assert 0.8 < ratio < 1.4
