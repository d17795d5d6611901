"""Building blocks that several nets share."""

from __future__ import annotations

from torch import Tensor, nn


def convolution(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, padding: int | None = None
) -> tuple[nn.Module, ...]:
    """Build a convolution, batch normalisation and ReLU.

    Args:
        inputs: number of input channels.
        outputs: number of output channels.
        kernel: side of the kernel in pixels.
        stride: stride in pixels.
        padding: padding in pixels; None keeps the size of the image at stride 1.
    """
    padding = kernel // 2 if padding is None else padding
    return (
        nn.Conv2d(inputs, outputs, kernel, stride, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class ConvNet(nn.Module):
    """Convolutions, a pooling and a head: glyphs, float32 (n, 1, 28, 28) in 0..1, to logits, float32 (n, classes).

    The name of the argument of `forward` is the name of the input in checkpoints and artifacts.
    """

    def __init__(self, features: nn.Sequential, pool: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.pool = pool
        self.head = head

    def forward(self, glyphs: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(self.features(glyphs)).flatten(1))
        return logits
