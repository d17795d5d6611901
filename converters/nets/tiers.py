"""The small nets that ship: as many weights as their files hold, in as few and as alike layers as read well.

A TFLite file spends about 250 bytes a layer and 12 a channel beside the weights, and one list of zero points for each
number of channels. So a depthwise convolution of 9 weights a channel costs more than it saves, and equal widths are
cheap. No layer pads: glyphs have an empty rim of four pixels anyway, and TFLite would need an operation for it.
"""

from __future__ import annotations

from torch import nn

from agent.vision.digits import CLASSES
from converters.nets.layers import Stack, convolution


def base() -> nn.Module:
    """Six convolutions; 1.7 million multiply-accumulates a glyph. Its last layer sees 25 × 25 pixels."""
    features = nn.Sequential(
        *convolution(1, 20, kernel=5, stride=2, padding=0),
        *convolution(20, 28, padding=0),
        *convolution(28, 36, padding=0),
        *convolution(36, 44, padding=0),
        *convolution(44, 44, stride=2, padding=0),
        *convolution(44, 56, kernel=2, padding=0),
    )
    return Stack(features, nn.Identity(), nn.Linear(56, CLASSES))


def nano() -> nn.Module:
    """Four convolutions; 200 thousand multiply-accumulates a glyph. Its last layer sees 21 × 21 pixels."""
    features = nn.Sequential(
        *convolution(1, 12, kernel=5, stride=2, padding=0),
        *convolution(12, 12, padding=0),
        *convolution(12, 12, stride=2, padding=0),
        *convolution(12, 18, padding=0),
    )
    return Stack(features, nn.AvgPool2d(2), nn.Linear(18, CLASSES))


def small() -> nn.Module:
    """Five convolutions; 440 thousand multiply-accumulates a glyph. Its last layer sees 25 × 25 pixels."""
    features = nn.Sequential(
        *convolution(1, 12, kernel=5, stride=2, padding=0),
        *convolution(12, 16, padding=0),
        *convolution(16, 20, padding=0),
        *convolution(20, 20, stride=2, padding=0),
        *convolution(20, 20, padding=0),
    )
    return Stack(features, nn.Identity(), nn.Linear(20, CLASSES))
