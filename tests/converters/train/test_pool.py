"""Epochs out of the device's memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from converters.data.labelled import LabelledGlyphs
from converters.export.golden import varied_inputs
from converters.train.batch_augmentation import vary
from converters.train.pool import Part, Pool, halves

GLYPHS = varied_inputs("classifier", 40)
LABELS = np.arange(40, dtype=np.int64) % 11
CPU = torch.device("cpu")


def pool(batch: int = 8) -> Pool:
    plain = Part(LabelledGlyphs(GLYPHS[:30], LABELS[:30]), 24, 0.0)
    return Pool([plain, Part(LabelledGlyphs(GLYPHS[30:], LABELS[30:]), 16, 1.0)], batch, CPU)


def test_an_epoch_holds_what_was_asked_for_in_whole_batches() -> None:
    batches = list(pool().epoch((1, 2)))
    assert len(batches) == pool().batches_an_epoch == 5
    assert all(batch.inputs.shape == (8, 1, 28, 28) and len(batch.labels) == 8 for batch in batches)
    seen = torch.cat([batch.inputs for batch in batches])[:, 0]
    known = {(glyph / np.float32(255)).tobytes() for glyph in GLYPHS[:30]}
    as_they_are = sum((row * 255).round().div(255).numpy().tobytes() in known for row in seen)
    assert as_they_are >= 24


def test_a_seed_decides_an_epoch() -> None:
    first, again, other = (next(pool().epoch((1, seed))).inputs for seed in (2, 2, 3))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_sample_is_stored_as_glyphs_are() -> None:
    sample = pool().sample((5,), 20)
    assert sample.shape == (20, 28, 28)
    assert sample.dtype == np.uint8
    assert sample.max() > 200


def test_outliers_are_as_many_as_digits() -> None:
    parts = halves(LabelledGlyphs(GLYPHS, LABELS), 12, 0.5)
    assert [part.count for part in parts] == [6, 6]
    assert set(parts[0].glyphs.labels) == set(range(10))
    assert set(parts[1].glyphs.labels) == {10}


def test_strength_0_changes_nothing_and_strength_1_does() -> None:
    glyphs = torch.tensor(GLYPHS[:8])
    strength = torch.tensor([0.0, 1.0] * 4)
    varied = vary(glyphs, strength, torch.Generator().manual_seed(0))[:, 0]
    apart = (varied - glyphs / 255).abs().mean(dim=(1, 2))
    assert apart[::2].max() < 1e-5
    assert apart[1::2].min() > 0.01
    assert 0 <= varied.min() <= varied.max() <= 1


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_most_ink_stays_in_the_picture(strength: float) -> None:
    glyphs = torch.tensor(GLYPHS).repeat(10, 1, 1)
    varied = vary(glyphs, torch.full((400,), strength), torch.Generator().manual_seed(1))
    ratio = varied.mean() / (glyphs / 255).mean()
    assert 0.8 < ratio < 1.4
