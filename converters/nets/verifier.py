"""The net that looks around: a candidate's own ink, all ink near it and far; 80 thousand parameters, 6.3 MMAC.

The same plain operations as `base`. Where the candidate lies its first channel tells, so the pooling may forget it.
"""

from __future__ import annotations

from torch import Tensor, nn

from agent.vision.context import CHANNELS
from agent.vision.digits import CLASSES
from converters.nets.layers import convolution


class VerifierNet(nn.Module):
    """Surroundings, float32 (n, 3, 32, 48) in 0..1, to logits, float32 (n, 11)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *convolution(CHANNELS, 16, kernel=5, stride=2),
            *convolution(16, 24),
            *convolution(24, 48, stride=2),
            *convolution(48, 64),
            *convolution(64, 64, stride=2),
        )
        self.pool = nn.AvgPool2d((4, 6))
        self.head = nn.Linear(64, CLASSES)

    def forward(self, surroundings: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(self.features(surroundings)).flatten(1))
        return logits
