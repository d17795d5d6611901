"""The nets of An et al., An Ensemble of Simple Convolutional Neural Network Models for MNIST, 2020.

They consist of convolutions without padding, pooling or bias, and a linear layer without bias. Each is followed by
batch normalisation. Nets with different kernel sizes make different errors, so an ensemble of them is more accurate.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from converters.nets.layers import convolution

DIGITS = 10


class SimpleConvNet(nn.Module):
    """Classify glyphs, float32 (n, 1, 28, 28) in 0..1: logits of the ten digits, float32 (n, 10)."""

    def __init__(self, kernel: int, *channels: int) -> None:
        super().__init__()
        widths = pairwise((1, *channels))
        self.features = nn.Sequential(*(layer for pair in widths for layer in convolution(*pair, kernel, padding=0)))
        last_px = 28 - len(channels) * (kernel - 1)
        self.head = nn.Linear(channels[-1] * last_px**2, DIGITS, bias=False)
        self.norm = nn.BatchNorm1d(DIGITS)

    def forward(self, glyphs: Tensor) -> Tensor:
        logits: Tensor = self.norm(self.head(self.features(2 * glyphs - 1).flatten(1)))
        return logits


def m3() -> nn.Module:
    """Ten 3×3 convolutions; 1.1 million parameters, 173 million multiply-accumulates a glyph."""
    return SimpleConvNet(3, *range(32, 177, 16))


def m5() -> nn.Module:
    """Five 5×5 convolutions; 1.1 million parameters, 137 million multiply-accumulates a glyph."""
    return SimpleConvNet(5, *range(32, 161, 32))


def m7() -> nn.Module:
    """Four 7×7 convolutions; 2.3 million parameters, 148 million multiply-accumulates a glyph."""
    return SimpleConvNet(7, *range(48, 193, 48))
