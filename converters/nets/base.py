"""The net that ships: four convolutions, 56 thousand parameters, 3.6 million multiply-accumulates a glyph.

Plain convolutions, ReLU and one average pooling: operations that every runtime has in fp32, fp16 and int8, and
that a Cortex-A computes well. Strides instead of pooling keep the work small from the first layer on.
"""

from __future__ import annotations

from torch import Tensor, nn

from agent.vision.digits import CLASSES
from converters.nets.layers import convolution


class BaseNet(nn.Module):
    """Glyphs, float32 (n, 1, 28, 28) in 0..1, to logits, float32 (n, 11)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *convolution(1, 20, kernel=5, stride=2),
            *convolution(20, 32),
            *convolution(32, 56, stride=2),
            *convolution(56, 64),
        )
        # AvgPool2d and not AdaptiveAvgPool2d: the latter becomes a ReduceMean that onnxruntime keeps in float.
        self.pool = nn.AvgPool2d(7)
        self.head = nn.Linear(64, CLASSES)

    def forward(self, glyphs: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(self.features(glyphs)).flatten(1))
        return logits
