"""What several nets are built of."""

from __future__ import annotations

from torch import Tensor, nn


def convolution(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, padding: int | None = None
) -> tuple[nn.Module, ...]:
    """A convolution, batch normalisation and ReLU; it keeps the size (but for its stride) unless told the padding."""
    padding = kernel // 2 if padding is None else padding
    return (
        nn.Conv2d(inputs, outputs, kernel, stride, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Stack(nn.Module):
    """Features, then a pooling, then a linear head: glyphs, float32 (n, 1, 28, 28) in 0..1, to logits."""

    def __init__(self, features: nn.Sequential, pool: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.pool = pool
        self.head = head

    def forward(self, glyphs: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(self.features(glyphs)).flatten(1))
        return logits
