"""Expansion: while it learns, a convolution is the product of three linear ones, wider in the middle; then one again.

A product learns along other paths than the matrix that it makes, and small nets come out better (S. Guo, J. Alvarez,
M. Salzmann: "ExpandNets: Linear Over-parameterization to Train Compact Convolutional Networks", 2020). The product is
computed of the weights, not of the images, so it costs next to nothing, and files and board never see it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class Expanded(nn.Module):
    """A kernel (o, i, h, w) is `after` (o, f·o) times a middle (f·o, f·i, h, w) times `before` (f·i, i); float32."""

    def __init__(self, outputs: int, inputs: int, factor: int) -> None:
        super().__init__()
        self.before = nn.Parameter(_orthonormal(factor * inputs if inputs > 1 else 1, inputs))
        self.after = nn.Parameter(_orthonormal(factor * outputs, outputs).T.contiguous())

    def right_inverse(self, kernel: Tensor) -> Tensor:
        """A middle that makes this kernel, and is as large in the directions of which nothing reaches it yet."""
        after, before = self.after.detach(), self.before.detach()
        rest = torch.randn(after.shape[1], before.shape[0], *kernel.shape[2:], device=kernel.device) * kernel.std()
        missing = kernel - torch.einsum("oa,abhw,bi->oihw", after, rest, before)
        return rest + torch.einsum("oa,oihw,bi->abhw", after, missing, before)

    def forward(self, middle: Tensor) -> Tensor:
        with torch.autocast(middle.device.type, enabled=False):
            return torch.einsum("oa,abhw,bi->oihw", self.after, middle, self.before)


def expand(net: nn.Module, factor: int) -> nn.Module:
    """The net, changed in place, with expanded convolutions; it computes what it did.

    Args:
        net: with one group a convolution.
        factor: how many times as wide each is in the middle.
    """
    for module in list(net.modules()):
        if isinstance(module, nn.Conv2d):
            outputs, inputs = module.weight.shape[:2]
            parametrize.register_parametrization(module, "weight", Expanded(outputs, inputs, factor))
    return net


def _orthonormal(rows: int, columns: int) -> Tensor:
    """Float32 (rows, columns), of columns that are orthogonal to each other and of length 1."""
    return torch.linalg.qr(torch.randn(rows, columns)).Q if rows > 1 else torch.ones(rows, columns)
