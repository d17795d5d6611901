"""The line recogniser: a convolutional net for strips of a whole line, trained with CTC.

The width of a strip is any multiple of two. Each step of the output stands for two pixels of it; the convolutions let
a step see 66 pixels, about three digits. A step says a character or blank, "no new character" (A. Graves et al.,
Connectionist temporal classification, 2006).
"""

from __future__ import annotations

from torch import Tensor, nn

from agent.vision.line_text import LINE_CLASSES, STEP_PX
from agent.vision.strip import CHANNELS


class RecogniserNet(nn.Module):
    """Strips, float32 (n, 2, 32, w) in 0..1, to logits, float32 (n, classes, 1, w / 2); the last class is blank.

    The name of the argument of `forward` is the name of the input in artifacts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(CHANNELS, 16, (3, 3), (2, STEP_PX)),
            *_convolution(16, 32, (3, 3), (2, 1)),
            *_convolution(32, 48, (3, 3), (2, 1)),
            *_convolution(48, 72, (4, 3)),
            *_convolution(72, 72, (1, 5)),
            *_convolution(72, 72, (1, 5), dilation=2),
            *_convolution(72, 72, (1, 3)),
        )
        self.head = nn.Conv2d(72, LINE_CLASSES, 1)

    def forward(self, strips: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(strips))
        return logits


def _convolution(
    inputs: int, outputs: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), dilation: int = 1
) -> tuple[nn.Module, ...]:
    """Build a convolution, batch normalisation and ReLU; the width changes by the stride only."""
    padding = (1 if kernel[0] == 3 else 0, kernel[1] // 2 * dilation)
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation=(1, dilation), bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()
