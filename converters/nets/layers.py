"""What several nets are built of."""

from __future__ import annotations

from torch import nn


def convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> tuple[nn.Module, ...]:
    """A convolution that keeps the size (but for its stride), batch normalisation and ReLU."""
    return (
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
