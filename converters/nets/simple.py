"""The nets of An et al., An Ensemble of Simple Convolutional Neural Network Models for MNIST, 2020.

Convolutions without padding, pooling or bias, and a linear layer without bias; batch normalisation after each. Where
a net of 3×3 kernels looks ten times and one of 7×7 four times, they err differently, and judge well together.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from converters.nets.layers import convolution

DIGITS = 10


class Simple(nn.Module):
    """Glyphs, float32 (n, 1, 28, 28) in 0..1, to logits of the ten digits, float32 (n, 10)."""

    def __init__(self, kernel: int, *channels: int) -> None:
        super().__init__()
        pairs = pairwise((1, *channels))
        self.features = nn.Sequential(*(layer for one in pairs for layer in convolution(*one, kernel, padding=0)))
        last_px = 28 - len(channels) * (kernel - 1)
        self.head = nn.Linear(channels[-1] * last_px**2, DIGITS, bias=False)
        self.norm = nn.BatchNorm1d(DIGITS)

    def forward(self, glyphs: Tensor) -> Tensor:
        logits: Tensor = self.norm(self.head(self.features(2 * glyphs - 1).flatten(1)))
        return logits


def m3() -> nn.Module:
    """Ten 3×3 convolutions; 1.1 million parameters, 173 million multiply-accumulates a glyph."""
    return Simple(3, *range(32, 177, 16))


def m5() -> nn.Module:
    """Five 5×5 convolutions; 1.1 million parameters, 137 million multiply-accumulates a glyph."""
    return Simple(5, *range(32, 161, 32))


def m7() -> nn.Module:
    """Four 7×7 convolutions; 2.3 million parameters, 148 million multiply-accumulates a glyph."""
    return Simple(7, *range(48, 193, 48))
