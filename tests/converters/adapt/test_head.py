"""A net with a folded adjustment gives adjusted logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agent.choice.learned import adjust
from converters.adapt.head import fold_adjustment
from converters.checkpoint import SHIPPED, load, restore
from converters.nets import ROLES
from converters.nets.tensors import to_input, to_logits
from profiles.manifest import INPUT_SHAPES


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_net_gives_adjusted_logits(file: Path) -> None:
    checkpoint = load(file)
    rng = np.random.default_rng(1)
    images = rng.integers(0, 255, (4, *INPUT_SHAPES[ROLES[checkpoint.net]]), np.uint8)
    with torch.no_grad():
        before = to_logits(restore(checkpoint)(to_input(images))).numpy()
        classes = before.shape[-1]
        matrix = np.vstack([np.eye(classes), np.zeros((1, classes))]) + rng.normal(0, 0.1, (classes + 1, classes))
        rows = before.reshape(-1, classes)
        folded = fold_adjustment(checkpoint, matrix.astype(np.float32), rows)
        after = to_logits(restore(folded)(to_input(images))).numpy()
    expected = adjust(before, matrix.astype(np.float32))
    assert np.allclose(after, expected, atol=1e-3)
    low, high = folded.ranges["head"]
    assert low <= expected.min() <= expected.max() <= high
    assert not folded.accuracy
