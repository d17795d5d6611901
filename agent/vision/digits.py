"""From glyphs to digits: which glyphs the net takes for a digit, and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box

CLASSES = 11
NOT_A_DIGIT = 10


class Net(Protocol):
    """What turns glyphs into logits: a runtime with a model loaded."""

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (n, 11), of glyphs, uint8 (n, 28, 28); the last class is "not a digit"."""
        ...


@dataclass(frozen=True)
class Digit:
    """A digit that was read."""

    digit: int
    """0..9."""
    probability: float
    box: Box


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax over the last axis, float32."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)
