"""The line recogniser: a convolutional net for strips of a whole line, trained with CTC.

The width of a strip is any multiple of two. Each step of the output stands for two pixels of it; the convolutions let
a step see 83 pixels, about four digits. A step says a character or blank, "no new character" (A. Graves et al.,
Connectionist temporal classification, 2006).

The layers along the line are residual bottlenecks (K. He et al., Deep residual learning, 2015): fewer channels where
the kernel is wide. Of nine nets with at most 136,000 weights, trained for 1,000 batches, they had the lowest loss on
strips of training writers: 2.76, against 2.86 to 3.10 for the others. Without shortcuts the loss was 6.1 after 500
batches, and 3.6 with them.

What ships has 12 channels less, because its files would exceed 150 kB otherwise; see recipe `recogniser-pruned`.
"""

from __future__ import annotations

from torch import Tensor, nn

from agent.vision.line_text import LINE_CLASSES, STEP_PX
from agent.vision.strip import CHANNELS

WIDTH = 80
"""Channels along the line. Raising it makes the file larger: the net takes most of the 150 kB that it may have."""


class RecogniserNet(nn.Module):
    """Strips, float32 (n, 2, 32, w) in 0..1, to logits, float32 (n, classes, 1, w / 2); the last class is blank.

    The name of the argument of `forward` is the name of the input in artifacts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(CHANNELS, 16, (3, 3), (2, STEP_PX)),
            *_convolution(16, 32, (3, 3), (2, 1)),
            Residual(*_convolution(32, 32, (3, 3))),
            *_convolution(32, 48, (3, 3), (2, 1)),
            *_convolution(48, WIDTH, (4, 3)),
            *(_bottleneck(dilation) for dilation in (1, 2, 4, 1)),
        )
        self.head = nn.Conv2d(WIDTH, LINE_CLASSES, 1)

    def forward(self, strips: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(strips))
        return logits


class Residual(nn.Module):
    """Layers that end with a ReLU, which comes after the sum of their output and their input."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        *inner, self.relu = layers
        self.inner = nn.Sequential(*inner)

    def forward(self, values: Tensor) -> Tensor:
        summed: Tensor = self.relu(values + self.inner(values))
        return summed


def _bottleneck(dilation: int) -> Residual:
    """Build layers that see five steps of half as many channels."""
    half = WIDTH // 2
    return Residual(
        *_convolution(WIDTH, half, (1, 1)),
        *_convolution(half, half, (1, 5), dilation=dilation),
        *_convolution(half, WIDTH, (1, 1)),
    )


def _convolution(
    inputs: int, outputs: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), dilation: int = 1
) -> tuple[nn.Module, ...]:
    """Build a convolution, batch normalisation and ReLU; the width changes by the stride only."""
    padding = (1 if kernel[0] == 3 else 0, kernel[1] // 2 * dilation)
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation=(1, dilation), bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()
