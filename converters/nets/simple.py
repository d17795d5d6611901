"""M3 of An et al., An Ensemble of Simple Convolutional Neural Network Models for MNIST, 2020.

Ten 3×3 convolutions without padding, pooling or bias, 32 to 176 channels; a linear layer without bias; batch
normalisation after each. 1.5 million parameters, 189 million multiply-accumulates a glyph.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from converters.nets.layers import convolution

DIGITS = 10
CHANNELS = (1, *range(32, 177, 16))
LAST_PX = 28 - 2 * (len(CHANNELS) - 1)


class M3(nn.Module):
    """Glyphs, float32 (n, 1, 28, 28) in 0..1, to logits of the ten digits, float32 (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        pairs = pairwise(CHANNELS)
        self.features = nn.Sequential(*(layer for one in pairs for layer in convolution(*one, padding=0)))
        self.head = nn.Linear(CHANNELS[-1] * LAST_PX**2, DIGITS, bias=False)
        self.norm = nn.BatchNorm1d(DIGITS)

    def forward(self, glyphs: Tensor) -> Tensor:
        logits: Tensor = self.norm(self.head(self.features(2 * glyphs - 1).flatten(1)))
        return logits
