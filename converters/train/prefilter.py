"""The smallest classifier that ships, as what a verifier works behind: it lets most through."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from agent.vision.digits import NOT_A_DIGIT
from converters.checkpoint import SHIPPED, load, restore
from converters.nets.tensors import to_input

SURE = 0.7
"""What this classifier is less sure to be no digit, the next one may let through."""


def lets_through(glyphs: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which glyphs, uint8 (n, 28, 28), the classifier may take for digits: bool (n,)."""
    with torch.no_grad():
        shares = torch.softmax(_classifier()(to_input(glyphs)), dim=1)
    return (shares[:, NOT_A_DIGIT] < SURE).numpy()


@lru_cache(maxsize=1)
def _classifier() -> nn.Module:
    return restore(load(next(path for path in SHIPPED if path.stem == "nano")))
