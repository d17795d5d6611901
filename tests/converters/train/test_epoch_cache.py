"""Cached epochs keep their glyphs and soft labels, and change their order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from converters.data.labelled import LabelledImages
from converters.export.golden import varied_inputs
from converters.train.epoch_cache import EpochCache
from converters.train.pool import GlyphPool, PoolPart

GLYPHS = LabelledImages(varied_inputs("classifier", 40), np.arange(40, dtype=np.int64) % 11)
POOL = GlyphPool([PoolPart(GLYPHS, 40, 1.0)], 8, torch.device("cpu"))


def brightness(inputs: Tensor) -> Tensor:
    """Act as a teacher whose soft labels identify the glyph."""
    return inputs.mean(dim=(1, 2, 3)).unsqueeze(1).expand(-1, 10)


def load_epoch(size: int, seed: int, number: int) -> tuple[Tensor, Tensor, Tensor]:
    batches = list(EpochCache(POOL, size, brightness).epoch(seed, 0, number))
    soft_labels = [batch.soft_labels for batch in batches if batch.soft_labels is not None]
    return (
        torch.cat([batch.inputs for batch in batches]),
        torch.cat([one.labels for one in batches]),
        torch.cat(soft_labels),
    )


def sorted_images(inputs: Tensor) -> list[bytes]:
    return sorted((row * 255).round().byte().numpy().tobytes() for row in inputs)


def test_a_cached_epoch_is_shuffled_when_used_again() -> None:
    (first, *_), (again, *_), (other, *_) = (load_epoch(2, 1, number) for number in (0, 2, 1))
    assert not torch.equal(first, again)
    assert sorted_images(first) == sorted_images(again)
    assert sorted_images(first) != sorted_images(other)


def test_seeds_differ_only_in_the_order() -> None:
    (first, *_), (second, *_) = (load_epoch(2, seed, 0) for seed in (1, 2))
    assert not torch.equal(first, second)
    assert sorted_images(first) == sorted_images(second)


def test_epochs_differ_without_a_cache() -> None:
    assert sorted_images(load_epoch(0, 1, 0)[0]) != sorted_images(load_epoch(0, 1, 2)[0])


@pytest.mark.parametrize("size", [0, 2])
def test_labels_and_soft_labels_stay_with_their_glyphs(size: int) -> None:
    inputs, labels, soft_labels = load_epoch(size, 3, 1)
    assert torch.allclose(soft_labels, brightness(inputs), atol=2e-3)
    assert sorted(labels.tolist()) == sorted(GLYPHS.labels.tolist())


def test_there_are_no_soft_labels_without_teachers() -> None:
    assert all(batch.soft_labels is None for batch in EpochCache(POOL, 1, None).epoch(1, 0, 0))
