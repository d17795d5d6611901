"""Epochs that come again: the same glyphs and the same word of the teachers, in another order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from converters.data.labelled import LabelledGlyphs
from converters.export.golden import varied_inputs
from converters.train.epoch_cache import Decks
from converters.train.pool import Part, Pool

GLYPHS = LabelledGlyphs(varied_inputs("classifier", 40), np.arange(40, dtype=np.int64) % 11)
POOL = Pool([Part(GLYPHS, 40, 1.0)], 8, torch.device("cpu"))


def brightness(inputs: Tensor) -> Tensor:
    """A teacher whose word tells which glyph it was asked about."""
    return inputs.mean(dim=(1, 2, 3)).unsqueeze(1).expand(-1, 10)


def dealt(kept: int, seed: int, number: int) -> tuple[Tensor, Tensor, Tensor]:
    batches = list(Decks(POOL, kept, brightness).epoch(seed, 0, number))
    taught = [batch.taught for batch in batches if batch.taught is not None]
    return torch.cat([batch.inputs for batch in batches]), torch.cat([one.labels for one in batches]), torch.cat(taught)


def in_order(inputs: Tensor) -> list[bytes]:
    return sorted((row * 255).round().byte().numpy().tobytes() for row in inputs)


def test_a_kept_epoch_comes_again_in_another_order() -> None:
    (first, *_), (again, *_), (other, *_) = (dealt(2, 1, number) for number in (0, 2, 1))
    assert not torch.equal(first, again)
    assert in_order(first) == in_order(again)
    assert in_order(first) != in_order(other)


def test_seeds_differ_in_the_order_alone() -> None:
    (mine, *_), (yours, *_) = (dealt(2, seed, 0) for seed in (1, 2))
    assert not torch.equal(mine, yours)
    assert in_order(mine) == in_order(yours)


def test_fresh_epochs_never_come_again() -> None:
    assert in_order(dealt(0, 1, 0)[0]) != in_order(dealt(0, 1, 2)[0])


@pytest.mark.parametrize("kept", [0, 2])
def test_labels_and_the_teachers_word_stay_with_their_glyphs(kept: int) -> None:
    inputs, labels, taught = dealt(kept, 3, 1)
    assert torch.allclose(taught, brightness(inputs), atol=2e-3)
    assert sorted(labels.tolist()) == sorted(GLYPHS.labels.tolist())


def test_who_has_no_teachers_is_told_nothing() -> None:
    assert all(batch.taught is None for batch in Decks(POOL, 1, None).epoch(1, 0, 0))
