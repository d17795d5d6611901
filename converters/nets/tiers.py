"""The nets that ship: three tiers of classifiers, and the verifier.

The tiers are designed for small files. A TFLite file needs about 250 bytes for each layer and 12 bytes for each channel
in addition to the weights, and one list of zero points for each different number of channels. Therefore:

- They have no depthwise convolutions: with 9 weights a channel, these cost more bytes than they save.
- Neighbouring layers have equal widths where possible.
- No classifier pads: glyphs have an empty border of four pixels, and padding needs one more TFLite operation.
"""

from __future__ import annotations

from torch import Tensor, nn

from agent.vision.context import CHANNELS
from agent.vision.digits import CLASSES
from converters.nets.layers import ConvNet, convolution


def base() -> nn.Module:
    """Six convolutions; 1.7 million multiply-accumulates a glyph. The receptive field is 25 × 25 pixels."""
    features = nn.Sequential(
        *convolution(1, 20, kernel=5, stride=2, padding=0),
        *convolution(20, 28, padding=0),
        *convolution(28, 36, padding=0),
        *convolution(36, 44, padding=0),
        *convolution(44, 44, stride=2, padding=0),
        *convolution(44, 56, kernel=2, padding=0),
    )
    return ConvNet(features, nn.Identity(), nn.Linear(56, CLASSES))


def nano() -> nn.Module:
    """Four convolutions; 200 thousand multiply-accumulates a glyph. The receptive field is 21 × 21 pixels."""
    features = nn.Sequential(
        *convolution(1, 12, kernel=5, stride=2, padding=0),
        *convolution(12, 12, padding=0),
        *convolution(12, 12, stride=2, padding=0),
        *convolution(12, 18, padding=0),
    )
    return ConvNet(features, nn.AvgPool2d(2), nn.Linear(18, CLASSES))


def small() -> nn.Module:
    """Five convolutions; 440 thousand multiply-accumulates a glyph. The receptive field is 25 × 25 pixels."""
    features = nn.Sequential(
        *convolution(1, 12, kernel=5, stride=2, padding=0),
        *convolution(12, 16, padding=0),
        *convolution(16, 20, padding=0),
        *convolution(20, 20, stride=2, padding=0),
        *convolution(20, 20, padding=0),
    )
    return ConvNet(features, nn.Identity(), nn.Linear(20, CLASSES))


class VerifierNet(ConvNet):
    """A net that takes contexts, float32 (n, 3, 32, 48) in 0..1."""

    # The input is called `surroundings` in checkpoints and artifacts.
    def forward(self, surroundings: Tensor) -> Tensor:
        return super().forward(surroundings)


def verifier() -> nn.Module:
    """Classify a context instead of a glyph; 80 thousand parameters, 6.3 million multiply-accumulates a context.

    It uses the same operations as `base`. The first channel shows where the candidate is, so pooling loses nothing.
    """
    features = nn.Sequential(
        *convolution(CHANNELS, 16, kernel=5, stride=2),
        *convolution(16, 24),
        *convolution(24, 48, stride=2),
        *convolution(48, 64),
        *convolution(64, 64, stride=2),
    )
    return VerifierNet(features, nn.AvgPool2d((4, 6)), nn.Linear(64, CLASSES))
